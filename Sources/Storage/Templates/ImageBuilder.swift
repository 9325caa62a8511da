package import AtollModel
import AtollPlatform
package import OrderedCollections
import Synchronization

/// The recipes of one directory, as the catalog builds them on first use.
package struct ImageBuilder: RecipeBuilder {
    /// The directory whose folders are recipes.
    package let directory: String
    /// Whether the appliance must not use KVM.
    package let forceTCG: Bool
    /// Bytes free for the stage; tests put a number here.
    var freeBytes: @Sendable (String) -> Int64? = { DiskSpace.available($0) }
    private let known = KnownSummaries()

    package init(directory: String, forceTCG: Bool) {
        self.directory = directory
        self.forceTCG = forceTCG
    }

    /// Takes away what builds of this user that were killed left in TMPDIR, and ends what still runs of them.
    /// - Parameter dryRun: only says what it would take.
    /// - Returns: the directories.
    @discardableResult
    package static func sweep(dryRun: Bool = false) async -> [String] {
        (try? await Blocking.run { ImageBuildStage.sweep(dryRun: dryRun) }) ?? []
    }

    /// - Throws: `.unknownTemplate` naming the recipes there are.
    func recipe(_ name: String) throws -> ImageRecipe {
        let names = try ImageRecipe.available(in: directory)
        guard names.contains(name) else {
            throw TemplateError(
                .unknownTemplate,
                "there is no image recipe “\(name)” in \(directory); there \(names.isEmpty ? "are none" : "are: " + names.joined(separator: ", "))"
            )
        }
        return try ImageRecipe.load(directory: directory + "/" + name)
    }

    /// Looked at once by each builder: an init file asks for it with every disk, and it is of all the recipe's files.
    package func summary(of recipe: String) throws -> RecipeSummary {
        try known.summary(of: recipe) {
            let recipe = try self.recipe(recipe)
            return RecipeSummary(
                name: recipe.name, version: recipe.version, digest: try recipe.digest(), metadata: recipe.imageMetadata,
                imageBytes: recipe.imageBytes)
        }
    }

    package func build(_ recipe: String, to path: String, line: @escaping @Sendable (String) -> Void) async throws -> OrderedDictionary<
        String, Value
    > {
        let recipe = try self.recipe(recipe)
        // First, because what a killed one left may be all the room there is.
        await Self.sweep()
        try ImageBuildStage.requireRoom(for: recipe, free: freeBytes)
        return try await ImageBuild.build(recipe, to: path, forceTCG: forceTCG) { phase, _ in line(phase) }
    }
}

/// Shared by the copies of one builder.
private final class KnownSummaries: Sendable {
    private let found = Mutex<[String: RecipeSummary]>([:])

    func summary(of recipe: String, _ look: () throws -> RecipeSummary) throws -> RecipeSummary {
        if let known = found.withLock({ $0[recipe] }) { return known }
        let summary = try look()
        found.withLock { $0[recipe] = summary }
        return summary
    }
}
