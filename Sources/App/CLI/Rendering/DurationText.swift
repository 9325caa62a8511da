/// Durations as people read them: `0.4 s`, `12.3 s`, `2 m 05 s`.
enum DurationText {
    static func render(_ duration: Duration) -> String {
        let seconds = seconds(duration)
        if seconds < 60 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        let rest = whole % 60
        return "\(whole / 60) m \(rest < 10 ? "0" : "")\(rest) s"
    }

    /// `3.2 s of 600 s`; without a limit only the elapsed time.
    static func elapsed(_ duration: Duration, of limit: Duration?) -> String {
        render(duration) + (limit.map { " of \($0.components.seconds) s" } ?? "")
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
