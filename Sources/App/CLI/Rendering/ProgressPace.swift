/// Which reports of one running step are worth a line where lines stay, that is without a terminal.
///
/// Words are told once each: a guest that flaps between two states is no news. Of a transfer there is a line for each further quarter or
/// ten seconds, and none at all when it is over within one.
struct ProgressPace {
    typealias Instant = ContinuousClock.Instant

    private let began: Instant
    /// Timeout of the step, shown beside the elapsed time.
    private let limit: Duration?
    private var told: Set<String> = []
    /// What is being transferred, since when, and what was last said of it.
    private var transfer: (what: String, began: Instant, fraction: Double, lastLine: Instant, lastFraction: Double)?

    init(began: Instant, limit: Duration? = nil) {
        self.began = began
        self.limit = limit
    }

    /// `3.2 s of 600 s, 25 %, copying`; nil when it is not worth a line.
    mutating func line(_ fraction: Double?, _ note: String, at now: Instant) -> String? {
        let elapsed = DurationText.elapsed(began.duration(to: now), of: limit)
        guard let fraction else {
            return !note.isEmpty && told.insert(note).inserted ? "\(elapsed), \(note)" : nil
        }
        var current = transfer ?? (note, now, 0, now, 0)
        // Something else, or the same from the start.
        if current.what != note || fraction < current.fraction { current = (note, now, fraction, now, 0) }
        current.fraction = fraction
        let isNews =
            current.began.duration(to: now) >= .seconds(1)
            && (current.lastLine.duration(to: now) >= .seconds(10) || fraction - current.lastFraction >= 0.25)
        if isNews { (current.lastLine, current.lastFraction) = (now, fraction) }
        transfer = current
        return isNews ? "\(elapsed), \(Int(fraction * 100)) %\(note.isEmpty ? "" : ", \(note)")" : nil
    }
}
