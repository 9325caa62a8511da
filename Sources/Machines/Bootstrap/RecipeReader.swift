import AtollModel
import Yams

/// One recipe file to a `Recipe`; every finding has file, line and column.
struct RecipeReader {
    private let file: String
    private var findings: [Diagnostic] = []

    static func read(_ text: String, name: String, file: String) throws -> Recipe {
        var reader = RecipeReader(file: file)
        let recipe = reader.recipe(document: text, name: name)
        guard reader.findings.isEmpty else { throw InvalidInput(reader.findings) }
        return recipe
    }

    private init(file: String) { self.file = file }

    private mutating func recipe(document: String, name: String) -> Recipe {
        var recipe = Recipe(name: name)
        let root: Node?
        do { root = try Yams.compose(yaml: document) } catch {
            findings.append(Diagnostic(.error, file: file, position: Self.position(of: error), message: "\(error)"))
            return recipe
        }
        guard let root else { return recipe }
        let allowed = ["inherits", "matches", "remove", "network", "disable", "boot-menu-seconds"]
        for (key, node) in members(root, FieldPath(), allowed: allowed) {
            let path = FieldPath.keys(key)
            switch key {
            case "inherits": recipe.inherits = text(node, path)
            case "matches": recipe.matches = texts(node, path)
            case "disable": recipe.disable = texts(node, path).filter { isUnit($0, node, path) }
            case "remove": recipe.remove = elements(node, path).compactMap { removal($0, $1) }
            case "network": recipe.network = elements(node, path).compactMap { rule($0, $1) }
            default:
                if let seconds = node.int, (0...300).contains(seconds) {
                    recipe.bootMenuSeconds = seconds
                } else {
                    report(node, path, "expected a whole number of seconds, 0 to 300")
                }
            }
        }
        return recipe
    }

    /// A pattern alone, or `{paths: […], when: {…}}`.
    private mutating func removal(_ node: Node, _ path: FieldPath) -> Recipe.Removal? {
        if node.scalar != nil { return Recipe.Removal(paths: patterns(node, path), condition: Recipe.Condition()) }
        var removal = Recipe.Removal(paths: [], condition: Recipe.Condition())
        for (key, member) in members(node, path, allowed: ["paths", "when"]) {
            if key == "paths" {
                removal.paths = patterns(member, path.appending(key))
            } else {
                removal.condition = condition(member, path.appending(key))
            }
        }
        if removal.paths.isEmpty { report(node, path, "expected a path, or a mapping with `paths`") }
        return removal
    }

    private mutating func rule(_ node: Node, _ path: FieldPath) -> Recipe.NetworkRule? {
        var style: NetworkStyle?
        var rule = Recipe.NetworkRule(style: .networkd, condition: Recipe.Condition(), remove: [], enable: [])
        var named = false
        for (key, member) in members(node, path, allowed: ["style", "when", "remove", "enable"]) {
            let path = path.appending(key)
            switch key {
            case "style":
                named = true
                style = text(member, path).flatMap(NetworkStyle.init(rawValue:))
                if style == nil { report(member, path, "allowed are \(NetworkStyle.allCases.map(\.rawValue).joined(separator: ", "))") }
            case "when": rule.condition = condition(member, path)
            case "remove": rule.remove = patterns(member, path)
            default: rule.enable = texts(member, path).filter { isUnit($0, member, path) }
            }
        }
        if !named { report(node, path, "`style` is missing") }
        guard let style else { return nil }
        rule.style = style
        return rule
    }

    private mutating func condition(_ node: Node, _ path: FieldPath) -> Recipe.Condition {
        var condition = Recipe.Condition()
        for (key, member) in members(node, path, allowed: ["exists", "missing"]) {
            let found = patterns(member, path.appending(key))
            if key == "exists" { condition.exists = found } else { condition.missing = found }
        }
        return condition
    }

    /// Absolute and below a directory: a slip in a data file must not empty a guest.
    private mutating func patterns(_ node: Node, _ path: FieldPath) -> [String] {
        texts(node, path).filter { pattern in
            let parts = pattern.split(separator: "/")
            let sound = pattern.hasPrefix("/") && parts.count >= 2 && !parts.contains("..") && !parts[0].contains("*")
            if !sound { report(node, path, "«\(pattern)» must be an absolute path below a directory, without `..`") }
            return sound
        }
    }

    private mutating func isUnit(_ name: String, _ node: Node, _ path: FieldPath) -> Bool {
        let sound = name.contains(".") && !name.contains("/") && !name.hasPrefix(".")
        if !sound { report(node, path, "«\(name)» is no unit name; write it with its suffix, `name.service`") }
        return sound
    }

    private mutating func members(_ node: Node, _ path: FieldPath, allowed: [String]) -> [(String, Node)] {
        guard let mapping = node.mapping else {
            report(node, path, "expected a mapping with \(allowed.joined(separator: ", "))")
            return []
        }
        var result: [(String, Node)] = []
        for (key, member) in mapping {
            let name = key.scalar?.string ?? ""
            if allowed.contains(name) {
                result.append((name, member))
            } else {
                report(key, path.appending(name), "unknown key; allowed are \(allowed.joined(separator: ", "))")
            }
        }
        return result
    }

    private mutating func elements(_ node: Node, _ path: FieldPath) -> [(Node, FieldPath)] {
        guard let sequence = node.sequence else {
            report(node, path, "expected a list")
            return []
        }
        return sequence.enumerated().map { ($1, path.appending($0)) }
    }

    private mutating func text(_ node: Node, _ path: FieldPath) -> String? {
        if let text = node.scalar?.string, !text.isEmpty { return text }
        report(node, path, "expected text")
        return nil
    }

    /// One text, or a list of them.
    private mutating func texts(_ node: Node, _ path: FieldPath) -> [String] {
        if node.sequence == nil { return text(node, path).map { [$0] } ?? [] }
        return elements(node, path).compactMap { text($0, $1) }
    }

    private mutating func report(_ node: Node, _ path: FieldPath, _ message: String) {
        let position = node.mark.map { SourcePosition(line: $0.line, column: $0.column) }
        findings.append(Diagnostic(.error, file: file, position: position, path: path, message: message))
    }

    private static func position(of error: any Error) -> SourcePosition? {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            SourcePosition(line: mark.line, column: mark.column)
        default: nil
        }
    }
}
