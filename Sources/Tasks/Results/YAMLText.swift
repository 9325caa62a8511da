import AtollModel
import OrderedCollections

/// `Value` trees as YAML text: block style, two spaces a level, keys in the tree's order, Unicode as it is.
///
/// Written here because the reader of the result is often a YAML 1.1 one in another language: every text that any of them could take
/// for a number, boolean, date or null is quoted. No line of it is ever empty: those who scrape logs read up to the first empty one.
enum YAMLText {
    static func render(_ value: Value) -> String {
        var text = ""
        write(value, indent: 0, to: &text)
        return text
    }

    /// After a key's colon or a list's dash: the rest of the line, and the lines below.
    private static func write(_ value: Value, indent: Int, to text: inout String) {
        switch value {
        case .map(let members) where !members.isEmpty:
            for (index, member) in members.enumerated() {
                if index > 0 { pad(indent, &text) }
                text += key(member.key, indent: indent)
                child(member.value, indent: indent, to: &text)
            }
        case .list(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                if index > 0 { pad(indent, &text) }
                text += "- "
                if isBlock(element) {
                    write(element, indent: indent + 2, to: &text)
                } else {
                    text += leaf(element, indent: indent) + "\n"
                }
            }
        default: text += leaf(value, indent: indent) + "\n"
        }
    }

    /// Readers look for the colon of a plain key within 1,024 characters; a longer one has a form of its own.
    private static func key(_ name: String, indent: Int) -> String {
        let written = scalar(name, isKey: true, indent: indent)
        guard written.unicodeScalars.count > 900 else { return written + ":" }
        return "? " + written + "\n" + String(repeating: " ", count: indent) + ":"
    }

    private static func child(_ value: Value, indent: Int, to text: inout String) {
        guard isBlock(value) else {
            text += " " + leaf(value, indent: indent) + "\n"
            return
        }
        text += "\n"
        pad(indent + 2, &text)
        write(value, indent: indent + 2, to: &text)
    }

    private static func isBlock(_ value: Value) -> Bool {
        switch value {
        case .map(let members): !members.isEmpty
        case .list(let elements): !elements.isEmpty
        default: false
        }
    }

    private static func pad(_ indent: Int, _ text: inout String) { text += String(repeating: " ", count: indent) }

    private static func leaf(_ value: Value, indent: Int) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): spelling(number)
        case .string(let text): scalar(text, isKey: false, indent: indent)
        case .list: "[]"
        case .map: "{}"
        }
    }

    /// YAML 1.1 takes `1e+20` for text: a number needs its point.
    private static func spelling(_ number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        let text = "\(number)"
        guard !text.contains("."), let exponent = text.firstIndex(of: "e") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    private static func scalar(_ text: String, isKey: Bool, indent: Int) -> String {
        if isPlain(text) { return text }
        if !isKey, isLiteral(text) { return literal(text, indent: indent + 2) }
        return quoted(text)
    }

    /// Words that are booleans or null to some reader, in any case.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "infinity"]

    /// Letters first, then nothing that means something inside a plain scalar. Dates, numbers and hexadecimals start with a digit.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            first.properties.isAlphabetic || first == "/" || first == "_",
            last != " ", last != ":", !words.contains(text.lowercased())
        else { return false }
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            guard isPrintable(scalar), scalar != "\n", scalar != "\t", !(scalar == "#" && previous == " "),
                !(scalar == " " && previous == ":")
            else { return false }
            previous = scalar
        }
        return true
    }

    /// Several lines of ordinary text, none empty, the first not indented: these read best as they are.
    private static func isLiteral(_ text: String) -> Bool {
        guard text.contains("\n"), text.unicodeScalars.allSatisfy(isPrintable) else { return false }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.first?.first.map { $0 != " " && $0 != "\t" } ?? false
            && lines.allSatisfy { line in line.contains { $0 != " " && $0 != "\t" } }
    }

    private static func literal(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let ends = lines.last?.isEmpty == true
        if ends { lines.removeLast() }
        return (ends ? "|" : "|-") + lines.map { "\n" + margin + $0 }.joined()
    }

    /// What YAML allows unescaped, without the characters that some readers take for line ends and the invisible ones.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x85, 0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        case 0x9, 0xA, 0x20...0x7E, 0xA1...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0": result += "\\0"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    let width = scalar.value > 0xFFFF ? 8 : scalar.value > 0xFF ? 4 : 2
                    result +=
                        (width == 8 ? "\\U" : width == 4 ? "\\u" : "\\x") + String(repeating: "0", count: width - digits.count) + digits
                }
            }
        }
        return result + "\""
    }
}
