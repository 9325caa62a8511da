import AtollModel
import OrderedCollections

/// The format people read (spec 1.5): nested mappings as `[Key]:` blocks, keys sorted, empty things left out.
enum DefaultFormat {
    static func render(_ value: Value) -> String {
        switch value {
        case .list(let elements): elements.map { line($0, indent: 0) }.joined(separator: "\n")
        case .map(let members): block(members.map { ($0.key, $0.value) }, indent: 0).joined(separator: "\n")
        default: scalar(value)
        }
    }

    private static func block(_ members: [(key: String, value: Value)], indent: Int) -> [String] {
        let pad = String(repeating: " ", count: indent)
        var lines: [String] = []
        for (name, value) in members.sorted(by: { $0.key.lowercased() < $1.key.lowercased() }) {
            let key = SafeText.line(name)
            switch value {
            case .null: continue
            case .string(""): continue
            case .map(let inner):
                let body = block(inner.map { ($0.key, $0.value) }, indent: indent + 4)
                if !inner.isEmpty { lines += ["\(pad)[\(key)]:"] + body }
            case .list(let elements):
                if !elements.isEmpty { lines += ["\(pad)\(key): "] + elements.map { line($0, indent: indent + 4) } }
            default: lines.append("\(pad)\(key): \(scalar(value))")
            }
        }
        return lines
    }

    private static func line(_ value: Value, indent: Int) -> String {
        let pad = String(repeating: " ", count: indent)
        return switch value {
        case .map(let members): block(members.map { ($0.key, $0.value) }, indent: indent).joined(separator: "\n")
        case .list(let elements): elements.map { line($0, indent: indent) }.joined(separator: "\n")
        default: pad + scalar(value)
        }
    }

    private static func scalar(_ value: Value) -> String {
        if case .bool(let flag) = value { return flag ? "True" : "False" }
        return SafeText.line(value.text ?? "")
    }
}
