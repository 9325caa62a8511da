/// A run that did not reach its end: which steps failed, what was taken back, what remains.
public struct PlanFailure: Error, Sendable, CustomStringConvertible {
    public struct Failed: Sendable {
        public var id: String
        public var title: String
        public var error: any Error
    }
    public var plan: String
    public var failed: [Failed]
    /// The signal that interrupted the run, if one did.
    public var signal: Int32?
    /// Titles of the steps of this run that were taken back.
    public var undone: [String]
    /// Steps whose undo failed too; what they made is still there.
    public var notUndone: [Failed]
    /// Titles of the steps that were applied and stay.
    public var kept: [String]
    /// Titles of the steps that were never started, or cancelled half way.
    public var remaining: [String]

    public var description: String {
        var lines: [String] = failed.map { "\($0.title): \($0.error)" }
        if signal != nil { lines.append("interrupted") }
        lines += notUndone.map { "could not undo: \($0.title): \($0.error)" }
        return lines.joined(separator: "\n")
    }
}
