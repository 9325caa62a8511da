import AtollTaskRuns

/// Times on the command line, as in the settings: `90`, `90s`, `10m`, `2h`.
enum Seconds {
    /// - Throws: `UsageError` with examples, which the parser puts behind the option's name.
    static func parsed(_ text: String) throws -> Positive {
        guard let seconds = TaskDuration.seconds(text).flatMap({ Positive(argument: String($0)) }) else {
            let hint = guess(text).map { "; did you mean \($0)?" } ?? ""
            throw UsageError("write \(TaskDuration.examples)\(hint)")
        }
        return seconds
    }

    /// What was probably meant: `10min`, `2 hours`, `1.5h` have a unit that begins as ours do.
    private static func guess(_ text: String) -> String? {
        let text = text.lowercased().filter { !$0.isWhitespace }
        let number = text.prefix { $0.isNumber || $0 == "." }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let amount = Double(number), amount > 0, amount < 1e9, let letter = text.dropFirst(number.count).first,
            let unit = units[letter],
            text != "\(number)ms"
        else { return nil }
        let whole = amount == amount.rounded() ? "\(Int(amount))\(letter)" : "\(Int(amount * unit))s"
        return TaskDuration.seconds(whole) == nil ? nil : whole
    }
}
