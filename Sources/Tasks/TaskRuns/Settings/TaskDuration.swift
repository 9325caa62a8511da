import AtollSettings
/// Times as people write them: `90`, `90s`, `10m`, `2h`, `1d`, `1h30m`.
package enum TaskDuration {
    /// Seconds, some 30 years: clocks cannot count much longer times.
    package static let longest = 1_000_000_000
    /// For messages.
    package static let examples = "seconds, or a time such as 90s, 10m or 1h30m"

    /// Seconds; nil for any other text, a time below 0 or longer than `longest`.
    package static func seconds(_ text: String) -> Int? {
        let text = text.trimmed
        if let last = text.last, last.isNumber {
            return text.utf8.allSatisfy(Self.isDigit) ? Int(text).flatMap { $0 > longest ? nil : $0 } : nil
        }
        var rest = text[...]
        var total = 0
        // The greatest unit comes first, and none twice.
        for (letter, unit) in [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)] {
            let digits = rest.prefix { $0.utf8.allSatisfy(Self.isDigit) }
            guard !digits.isEmpty, rest.dropFirst(digits.count).hasPrefix(letter) else { continue }
            // So many digits are no time, and cannot overflow below.
            guard digits.count <= 10, let number = Int(digits) else { return nil }
            total += number * unit
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && !text.isEmpty && total <= longest ? total : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
