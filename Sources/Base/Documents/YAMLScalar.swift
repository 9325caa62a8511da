/// What a plain YAML scalar means: YAML 1.1 as the tools of this family always read it, without its base-60 numbers.
enum YAMLScalar {
    static func content(of text: String) -> Tree.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first < 0x3A, !text.utf8.contains(UInt8(ascii: ":")) else { return .string(text) }
        if let number = integer(text) { return .int(number) }
        if let number = fraction(text) { return .double(number) }
        return .string(text)
    }

    private static func integer(_ text: String) -> Int? {
        var digits = text[...]
        let negative = digits.first == "-"
        if let sign = digits.first, sign == "-" || sign == "+" { digits.removeFirst() }
        guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
        var radix = 10
        for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            radix = base
            digits = digits.dropFirst(2)
        }
        if radix == 10 && first == "0" && digits.count > 1 { radix = 8 }
        let plain = digits.filter { $0 != "_" }
        guard let magnitude = Int(plain, radix: radix) else { return nil }
        return negative ? -magnitude : magnitude
    }

    /// A number needs a point: `1e3` has always been text.
    private static func fraction(_ text: String) -> Double? {
        let body = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard body.count(where: { $0 == UInt8(ascii: ".") }) == 1,
            body.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E || ($0 | 0x20) == 0x65 || $0 == 0x2B || $0 == 0x2D }),
            body.first != UInt8(ascii: "e")
        else { return nil }
        return Double(text)
    }
}
