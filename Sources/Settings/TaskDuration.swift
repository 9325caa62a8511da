/// Times as people write them: `90`, `90s`, `10m`, `2h`, `1d`.
public enum TaskDuration {
    /// Seconds, some 30 years: clocks cannot count much longer times.
    public static let longest = 1_000_000_000
    /// For messages.
    public static let examples = "seconds, or a time such as 90s, 10m or 2h"

    /// Seconds; nil for any other text, a time below 0 or longer than `longest`.
    public static func seconds(_ text: String) -> Int? {
        var digits = text.trimmed[...]
        var unit = 1
        if let last = digits.last, let factor = ["s": 1, "m": 60, "h": 3600, "d": 86400][last] {
            unit = factor
            digits.removeLast()
        }
        // A sign is none of a time's; Int would take one.
        guard digits.first?.isNumber == true, let number = Int(digits) else { return nil }
        let (seconds, isTooLong) = number.multipliedReportingOverflow(by: unit)
        return isTooLong || seconds > longest ? nil : seconds
    }
}
