import AtollModel
import OrderedCollections
import Yams

/// Between YAML text and `Value` trees.
enum YAMLText {
    /// Block style, keys in the tree's order. Text that another reader might take for a number, a boolean or a date is quoted.
    static func render(_ value: Value) -> String {
        // A tree of scalars, lists and maps has no form the emitter refuses.
        (try? Yams.serialize(node: node(value), width: -1, allowUnicode: true)) ?? ""
    }

    private static func node(_ value: Value) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let flag): Node(flag ? "true" : "false", Tag(.bool))
        case .int(let number): Node(String(number), Tag(.int))
        case .double(let number): Node(String(number), Tag(.float))
        case .string(let text): .scalar(Node.Scalar(text, Tag(.str), style(of: text)))
        case .list(let elements): .sequence(Node.Sequence(elements.map(node), Tag(.seq), elements.isEmpty ? .flow : .block))
        case .map(let members):
            .mapping(Node.Mapping(members.map { (node(.string($0)), node($1)) }, Tag(.map), members.isEmpty ? .flow : .block))
        }
    }

    private static func style(of text: String) -> Node.Scalar.Style {
        if text.contains("\n") { return text.hasPrefix(" ") || text.hasPrefix("\n") ? .doubleQuoted : .literal }
        let plain = text.utf8.allSatisfy { byte in
            switch UnicodeScalar(byte) {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "/": true
            default: false
            }
        }
        let word = text.first.map { $0.isLetter && $0.isASCII || $0 == "/" } ?? false
        let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"]
        return plain && word && !reserved.contains(text.lowercased()) ? .plain : .doubleQuoted
    }

    /// Values a document may have once its aliases are expanded: a few hundred bytes of nested aliases can stand for billions.
    private static let limit = 100_000

    /// The tree of a document, aliases and merge keys resolved; nil for an empty one.
    /// - Throws: Yams' error, which tells line and column; `.unrepresentable` for a document that grows beyond all measure.
    static func parse(_ text: String) throws -> Value? {
        guard let root = try Yams.compose(yaml: text) else { return nil }
        var budget = limit
        return try value(root, &budget)
    }

    private static func value(_ node: Node, _ budget: inout Int) throws -> Value {
        budget -= 1
        guard budget > 0 else { throw BootstrapError(.unrepresentable, "the document has more than \(limit) values") }
        switch node {
        case .scalar(let scalar):
            if [.singleQuoted, .doubleQuoted, .literal, .folded].contains(scalar.style) { return .string(scalar.string) }
            if node.null != nil { return .null }
            if let flag = node.bool { return .bool(flag) }
            if let number = node.int { return .int(number) }
            if let number = node.float { return .double(number) }
            return .string(scalar.string)
        case .sequence(let sequence):
            var elements: [Value] = []
            for element in sequence { elements.append(try value(element, &budget)) }
            return .list(elements)
        case .mapping(let mapping):
            var members: OrderedDictionary<String, Value> = [:]
            for (key, member) in mapping {
                guard let scalar = key.scalar else { throw BootstrapError(.unrepresentable, "a key that is a list or a mapping") }
                let member = try value(member, &budget)
                guard scalar.string == "<<", scalar.style == .any || scalar.style == .plain else {
                    members[scalar.string] = member
                    continue
                }
                for merged in member.elements ?? [member] {
                    for (name, inherited) in merged.members ?? [:] where members[name] == nil && mapping[name] == nil {
                        members[name] = inherited
                    }
                }
            }
            return .map(members)
        case .alias: throw BootstrapError(.unrepresentable, "an alias without its anchor")
        }
    }
}
