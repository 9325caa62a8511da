import AtollVirtXML
import AtollModel
import Yams

/// The text of a `taskotron.yaml`: one mapping of keys to scalars or lists.
struct TaskSettingsDocument {
    struct Entry {
        var key: String
        var position: SourcePosition?
        var node: Node
    }
    var file: String
    var entries: [Entry] = []
    /// Bytes; nobody writes that many settings.
    static let sizeLimit = 1 << 20

    init(_ text: String, file: String) throws(InvalidInput) {
        self.file = file
        func refuse(_ message: String, _ position: SourcePosition? = nil) -> InvalidInput {
            InvalidInput([Diagnostic(.error, file: file, position: position, message: message)])
        }
        guard text.utf8.count <= Self.sizeLimit else { throw refuse("the file is larger than 1 MiB: no configuration") }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
            let (mark, problem) = Self.explained(error)
            throw refuse(problem, mark.map { SourcePosition(line: $0.line, column: $0.column) })
        } catch { throw refuse("YAML: \(error)") }
        // Nothing but comments is a file that sets nothing.
        guard let root, !Self.isNull(root) else { return }
        guard let mapping = root.mapping else {
            throw refuse("found \(Self.described(root)); a configuration is a mapping of keys to values", Self.position(root))
        }
        for (key, node) in mapping {
            guard let name = key.scalar?.string else { throw refuse("a key must be plain text", Self.position(key)) }
            entries.append(Entry(key: name, position: Self.position(key), node: node))
        }
    }

    static func position(_ node: Node) -> SourcePosition? { node.mark.map { SourcePosition(line: $0.line, column: $0.column) } }

    static func isNull(_ node: Node) -> Bool { type(of: node) == .null }

    /// The YAML type of a node.
    static func type(of node: Node) -> Tag.Name { Tag.Name(rawValue: node.tag.description) }

    /// `the text "abc"`, as errors name what they found.
    static func described(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar):
            switch type(of: node) {
            case .null: return "nothing"
            case .bool: return "the boolean \(scalar.string)"
            case .int, .float: return "the number \(scalar.string)"
            default: return scalar.string.count <= 60 ? "the text \"\(scalar.string)\"" : "text"
            }
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .alias: return "an alias"
        }
    }

    private static func explained(_ error: YamlError) -> (Yams.Mark?, String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return (mark, "YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            return (context.mark, "the key `\(names.sorted().first ?? "")` is there more than once; a key may be written once")
        default: return (nil, "YAML: \(error)")
        }
    }
}
