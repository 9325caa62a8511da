import AtollModel
import OrderedCollections

/// Reads JSON with the place of every member, so that an error in a repository file names its line; and writes `Value` as JSON.
struct JSONText {
    private let bytes: [UInt8]
    private let file: String
    private var offset = 0
    private var line = 1
    private var lineStart = 0
    private var positions: [FieldPath: SourcePosition] = [:]

    private init(_ text: String, file: String) {
        bytes = Array(text.utf8)
        self.file = file
    }

    /// - Throws: `InvalidInput` with the place of the first error.
    static func parse(_ text: String, file: String) throws -> (value: Value, places: SourceMap) {
        var reader = JSONText(text, file: file)
        let value = try reader.value(at: FieldPath(), depth: 0)
        reader.skipSpace()
        if reader.offset < reader.bytes.count { throw reader.failure("text after the end of the JSON value") }
        return (value, SourceMap(file: file, positions: reader.positions))
    }

    private mutating func value(at path: FieldPath, depth: Int) throws -> Value {
        skipSpace()
        guard depth < 100 else { throw failure("nested too deeply") }
        positions[path] = position
        switch peek {
        case UInt8(ascii: "{"): return try object(at: path, depth: depth)
        case UInt8(ascii: "["): return try array(at: path, depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        case nil: throw failure("the file ends here; a value is missing")
        default: return try number()
        }
    }

    private mutating func object(at path: FieldPath, depth: Int) throws -> Value {
        offset += 1
        var members: OrderedDictionary<String, Value> = [:]
        skipSpace()
        if take("}") { return .map(members) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("a key in double quotes is missing") }
            let key = try string()
            skipSpace()
            guard take(":") else { throw failure("“:” is missing after the key “\(key)”") }
            members[key] = try value(at: path.appending(key), depth: depth + 1)
            skipSpace()
            if take("}") { return .map(members) }
            guard take(",") else { throw failure("“,” or “}” is missing") }
        }
    }

    private mutating func array(at path: FieldPath, depth: Int) throws -> Value {
        offset += 1
        var elements: [Value] = []
        skipSpace()
        if take("]") { return .list(elements) }
        while true {
            elements.append(try value(at: path.appending(elements.count), depth: depth + 1))
            skipSpace()
            if take("]") { return .list(elements) }
            guard take(",") else { throw failure("“,” or “]” is missing") }
        }
    }

    private mutating func string() throws -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = peek, byte != UInt8(ascii: "\""), byte >= 0x20 {
            offset += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escape = peek else { break }
            offset += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "u"): text += Array(String(try unicode()).utf8)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            default: throw failure("“\\\(String(decoding: [escape], as: UTF8.self))” is no escape of JSON")
            }
        }
        guard take("\"") else { throw failure("the text that starts before this is not closed") }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func unicode() throws -> Unicode.Scalar {
        var code = try hex()
        if (0xD800..<0xDC00).contains(code), take("\\u") {
            let low = try hex()
            guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair is missing") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        return Unicode.Scalar(code) ?? "\u{FFFD}"
    }

    private mutating func hex() throws -> UInt32 {
        guard offset + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16) else {
            throw failure("“\\u” wants four hex digits")
        }
        offset += 4
        return code
    }

    private mutating func number() throws -> Value {
        let start = offset
        while let byte = peek, "+-.eE0123456789".utf8.contains(byte) { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if let whole = Int(text) { return .int(whole) }
        if let number = Double(text) { return .double(number) }
        offset = start
        throw failure("“\(String(decoding: bytes[start..<min(start + 12, bytes.count)], as: UTF8.self))” is no JSON value")
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }
    private var position: SourcePosition { SourcePosition(line: line, column: offset - lineStart + 1) }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[offset...].starts(with: text.utf8) else { return false }
        offset += text.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, [9, 10, 13, 32].contains(byte) {
            offset += 1
            if byte == 10 {
                line += 1
                lineStart = offset
            }
        }
    }

    private func failure(_ message: String) -> InvalidInput {
        InvalidInput([Diagnostic(.error, file: file, position: position, message: "not valid JSON: \(message)")])
    }

    /// `value` as JSON in the order it has, indented by two.
    static func write(_ value: Value, indent: String = "") -> String {
        switch value {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number): return number.isFinite ? String(number) : "null"
        case .string(let text): return quote(text)
        case .list(let elements):
            if elements.isEmpty { return "[]" }
            return "[" + elements.map { write($0, indent: indent + "  ") }.joined(separator: ", ") + "]"
        case .map(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(indent)  \(quote($0.key)): \(write($0.value, indent: indent + "  "))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
