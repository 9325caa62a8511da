package import AtollModel
import OrderedCollections

/// JSON text to `Value` and back, keeping the order of keys.
package enum ValueJSON {
    /// Reads one JSON document; `file` is the name that findings show. Duplicate keys are errors.
    package static func parse(_ text: String, file: String = "JSON") throws(InvalidInput) -> Value {
        try document(text, file: file).value
    }

    /// The same, with the place of every value for findings about what it means.
    package static func parseLocated(_ text: String, file: String) throws(InvalidInput) -> (value: Value, sources: SourceMap) {
        let document = try document(text, file: file)
        return (document.value, document.sources)
    }

    private static func document(_ text: String, file: String) throws(InvalidInput) -> Document {
        var reader = JSONReader(text, file: file)
        do throws(JSONReader.Failure) {
            let (tree, findings) = try reader.document()
            guard findings.isEmpty else { throw JSONReader.Failure.invalid(findings) }
            return Document(tree, file: file)
        } catch {
            switch error {
            case .syntax(let diagnostic): throw InvalidInput([diagnostic])
            case .invalid(let diagnostics): throw InvalidInput(diagnostics)
            }
        }
    }

    /// One document, without a newline at its end: byte for byte what Python's `json.dumps` writes (non-ASCII escaped). With an indent of 0
    /// it is one line, for event streams.
    package static func render(_ value: Value, indent: Int = 4, sorted: Bool = false) -> String {
        var text = ""
        write(value, indent: indent, depth: 0, sorted: sorted, to: &text)
        return text
    }

    private static func write(_ value: Value, indent: Int, depth: Int, sorted: Bool, to text: inout String) {
        func newline(_ depth: Int) { if indent > 0 { text += "\n" + String(repeating: " ", count: indent * depth) } }
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .int(let number): text += String(number)
        case .double(let number): text += number.isFinite ? String(number) : "null"
        case .string(let string): write(string, to: &text)
        case .list(let elements):
            if elements.isEmpty {
                text += "[]"
                return
            }
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += indent > 0 ? "," : ", " }
                newline(depth + 1)
                write(element, indent: indent, depth: depth + 1, sorted: sorted, to: &text)
            }
            newline(depth)
            text += "]"
        case .map(let members):
            if members.isEmpty {
                text += "{}"
                return
            }
            text += "{"
            let keys = sorted ? members.keys.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) } : Array(members.keys)
            for (index, key) in keys.enumerated() {
                if index > 0 { text += indent > 0 ? "," : ", " }
                newline(depth + 1)
                write(key, to: &text)
                text += ": "
                write(members[key] ?? .null, indent: indent, depth: depth + 1, sorted: sorted, to: &text)
            }
            newline(depth)
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{C}": text += "\\f"
            case " "..."~": text.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        text += "\""
    }
}
