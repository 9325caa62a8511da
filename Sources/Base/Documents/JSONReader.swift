import AtollModel
import OrderedCollections

/// Strict JSON with a place for every value. Duplicate keys are errors, because the second silently hides the first.
struct JSONReader {
    enum Failure: Error {
        /// Not JSON; it may still be YAML.
        case syntax(Diagnostic)
        /// JSON, and wrong.
        case invalid([Diagnostic])
    }

    private let file: String
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var lineStart = 0
    /// Continuation bytes since the line began: columns count characters.
    private var continuations = 0
    private var path: [FieldPath.Component] = []
    private var duplicates: [Diagnostic] = []

    init(_ text: String, file: String) {
        self.file = file
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            index = 3
            lineStart = 3
        }
    }

    var looksLikeJSON: Bool {
        let first = bytes.first { !$0.isJSONSpace && $0 < 0x80 }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// The document, and what is wrong with it in spite of being readable.
    mutating func document() throws(Failure) -> (tree: Tree, findings: [Diagnostic]) {
        skipSpace()
        let tree = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure("JSON: something follows the document") }
        return (tree, duplicates)
    }

    private var position: SourcePosition { SourcePosition(line: line, column: index - lineStart - continuations + 1) }

    private func failure(_ message: String) -> Failure {
        .syntax(Diagnostic(.error, file: file, position: position, message: message))
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func advance() {
        let byte = bytes[index]
        index += 1
        if byte == 0x0A {
            line += 1
            lineStart = index
            continuations = 0
        } else if byte & 0xC0 == 0x80 {
            continuations += 1
        }
    }

    private mutating func skipSpace() {
        while let byte = current, byte.isJSONSpace { advance() }
    }

    private mutating func value(depth: Int) throws(Failure) -> Tree {
        guard depth < YAMLReader.depthLimit else {
            throw .invalid([Diagnostic(.error, file: file, position: position, message: "nested more than \(YAMLReader.depthLimit) deep")])
        }
        let start = position
        guard let byte = current else { throw failure("JSON: the text ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "{"): return Tree(content: .map(try members(depth: depth)), position: start)
        case UInt8(ascii: "["): return Tree(content: .list(try elements(depth: depth)), position: start)
        case UInt8(ascii: "\""): return Tree(content: .string(try string()), position: start)
        default: return try word(start)
        }
    }

    private mutating func members(depth: Int) throws(Failure) -> OrderedDictionary<String, Tree.Member> {
        var members: OrderedDictionary<String, Tree.Member> = [:]
        advance()
        skipSpace()
        if current == UInt8(ascii: "}") {
            advance()
            return members
        }
        while true {
            skipSpace()
            let place = position
            guard current == UInt8(ascii: "\"") else { throw failure("JSON: a key in double quotes is expected") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw failure("JSON: ':' is expected after the key \"\(key)\"") }
            advance()
            skipSpace()
            path.append(.key(key))
            let value = try value(depth: depth + 1)
            if let first = members[key] {
                members[key]?.twins.append(value)
                duplicates.append(.duplicate(FieldPath(path), file: file, at: place, first: first.position))
            } else {
                members[key] = Tree.Member(position: place, value: value)
            }
            path.removeLast()
            skipSpace()
            switch current {
            case UInt8(ascii: ","): advance()
            case UInt8(ascii: "}"):
                advance()
                return members
            default: throw failure("JSON: ',' or '}' is expected")
            }
        }
    }

    private mutating func elements(depth: Int) throws(Failure) -> [Tree] {
        var elements: [Tree] = []
        advance()
        skipSpace()
        if current == UInt8(ascii: "]") {
            advance()
            return elements
        }
        while true {
            skipSpace()
            path.append(.index(elements.count))
            elements.append(try value(depth: depth + 1))
            path.removeLast()
            skipSpace()
            switch current {
            case UInt8(ascii: ","): advance()
            case UInt8(ascii: "]"):
                advance()
                return elements
            default: throw failure("JSON: ',' or ']' is expected")
            }
        }
    }

    /// `true`, `false`, `null` or a number.
    private mutating func word(_ start: SourcePosition) throws(Failure) -> Tree {
        let from = index
        while let byte = current, byte.isWordByte { advance() }
        let text = String(decoding: bytes[from..<index], as: UTF8.self)
        switch text {
        case "true": return Tree(content: .bool(true), position: start, spelling: text)
        case "false": return Tree(content: .bool(false), position: start, spelling: text)
        case "null": return Tree(content: .null, position: start)
        default: break
        }
        var digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard let first = digits.popFirst(), first.isDigit, !(first == UInt8(ascii: "0") && digits.first?.isDigit == true) else {
            index = from
            throw failure("JSON: a value is expected")
        }
        if let number = Int(text) { return Tree(content: .int(number), position: start, spelling: text) }
        // `Double` also takes hexadecimal.
        guard let number = Double(text), number.isFinite, text.utf8.last?.isDigit == true, text.utf8.allSatisfy({ $0.isNumberByte }) else {
            index = from
            throw failure("JSON: \(text) is no number")
        }
        return Tree(content: .double(number), position: start, spelling: text)
    }

    private mutating func string() throws(Failure) -> String {
        var text: [UInt8] = []
        advance()
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                advance()
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                advance()
                text.append(contentsOf: Array(String(try escaped()).utf8))
            case 0..<0x20: throw failure("JSON: a control character inside a string must be escaped")
            default:
                text.append(byte)
                advance()
            }
        }
        throw failure("JSON: the string is not closed")
    }

    private mutating func escaped() throws(Failure) -> Character {
        guard let byte = current else { throw failure("JSON: the string is not closed") }
        let simple: [UInt8: Character] = [
            UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
            UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
        ]
        if let character = simple[byte] {
            advance()
            return character
        }
        guard byte == UInt8(ascii: "u") else { throw failure("JSON: an unknown escape") }
        advance()
        var units = [try hexadecimal()]
        if UTF16.isLeadSurrogate(units[0]), current == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") {
            advance()
            advance()
            units.append(try hexadecimal())
        }
        // Decoding would put U+FFFD in the place of half a pair; written out, that character is as good as any other.
        guard units.count == 2 ? UTF16.isTrailSurrogate(units[1]) : !UTF16.isSurrogate(units[0]) else {
            throw failure("JSON: half of a surrogate pair")
        }
        return Character(String(decoding: units, as: UTF16.self))
    }

    private mutating func hexadecimal() throws(Failure) -> UInt16 {
        guard index + 4 <= bytes.count, bytes[index..<index + 4].allSatisfy(\.isHexDigit),
            let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw failure("JSON: \\u takes four hexadecimal digits") }
        for _ in 0..<4 { advance() }
        return unit
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    fileprivate var isNumberByte: Bool { isDigit || "+-.eE".utf8.contains(self) }
    fileprivate var isHexDigit: Bool { Unicode.Scalar(self).properties.isASCIIHexDigit }
    fileprivate var isWordByte: Bool {
        isDigit || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: "+") || self == UInt8(ascii: ".")
    }
}

extension Diagnostic {
    static func duplicate(_ path: FieldPath, file: String, at place: SourcePosition, first: SourcePosition) -> Diagnostic {
        Diagnostic(
            .error, file: file, position: place, path: path,
            message: "this key is already there, at line \(first.line); a key may be written once")
    }
}
