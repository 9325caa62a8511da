import AtollModel
import AtollPlatform
import Foundation

/// The recipes of a folder. A new distribution is a new file in it.
package struct RecipeBook: Sendable {
    /// What every guest gets that no other recipe is for.
    package static let fallback = "base"
    /// By name, with what they inherit already in them.
    private var recipes: [String: Recipe]
    private let directory: String

    /// Reads every `.yaml`, `.yml` and `.json` of `directory`.
    /// - Throws: `InvalidInput` with every finding, as `FILE:LINE:COL: text`; `.recipe` when there is no `base`, or an ancestor is missing or circular.
    package init(directory: String) throws {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
            throw BootstrapError(
                .recipe, "no bootstrap recipes: cannot read \(directory); is ATOLL_SHARE set to another place?", cause: error)
        }
        var read: [String: Recipe] = [:]
        var findings: [Diagnostic] = []
        for file in names {
            guard let dot = file.lastIndex(of: "."), ["yaml", "yml", "json"].contains(file[dot...].dropFirst()), dot != file.startIndex
            else { continue }
            let path = directory + "/" + file
            let name = String(file[..<dot])
            do { read[name] = try RecipeReader.read(try AtomicFile.text(path, limit: 1 << 20), name: name, file: path) } catch let error
                as InvalidInput
            {
                findings += error.diagnostics
            }
        }
        guard findings.isEmpty else { throw InvalidInput(findings) }
        try self.init(read, directory: directory)
    }

    init(_ read: [String: Recipe], directory: String) throws {
        self.directory = directory
        guard read[Self.fallback] != nil else {
            throw BootstrapError(.recipe, "\(directory) has no recipe «\(Self.fallback)»; every other one inherits from it")
        }
        recipes = [:]
        for name in read.keys { recipes[name] = try Self.resolve(name, in: read, seen: [], directory: directory) }
    }

    private static func resolve(_ name: String, in read: [String: Recipe], seen: [String], directory: String) throws -> Recipe {
        guard let recipe = read[name] else {
            throw BootstrapError(.recipe, "\(directory): recipe «\(seen.last ?? name)» inherits from «\(name)», which is not there")
        }
        guard !seen.contains(name) else {
            throw BootstrapError(.recipe, "\(directory): recipes inherit in a circle: \((seen + [name]).joined(separator: " <- "))")
        }
        guard let parent = recipe.inherits else { return recipe }
        return recipe.over(try resolve(parent, in: read, seen: seen + [name], directory: directory))
    }

    /// The recipe for the first of these distributions that one is made for: the longest name that it starts with; else `base`.
    /// - Parameter distros: `debian12`, `el7`, …, best known first.
    package func recipe(for distros: [String]) -> Recipe {
        for distro in distros.map({ $0.lowercased() }) {
            var best: (length: Int, recipe: Recipe)?
            for recipe in recipes.values where recipe.name != Self.fallback {
                for start in [recipe.name] + recipe.matches where distro.hasPrefix(start) && start.count > (best?.length ?? 0) {
                    best = (start.count, recipe)
                }
            }
            if let best { return best.recipe }
        }
        return recipes[Self.fallback] ?? Recipe(name: Self.fallback)
    }

    /// The recipe of exactly this name, inheritance resolved.
    package subscript(name: String) -> Recipe? { recipes[name] }
    package var names: [String] { recipes.keys.sorted() }
}
