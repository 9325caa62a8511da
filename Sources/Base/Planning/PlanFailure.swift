/// A run that did not reach its end: which steps failed, what was taken back, what remains.
package struct PlanFailure: Error, Sendable, CustomStringConvertible {
    package struct Failed: Sendable {
        package var id: String
        package var title: String
        package var error: any Error
    }
    package var plan: String
    package var failed: [Failed]
    /// The signal that interrupted the run, if one did.
    package var signal: Int32?
    /// Titles of the steps of this run that were taken back.
    package var undone: [String]
    /// Steps whose undo failed too; what they made is still there.
    package var notUndone: [Failed]
    /// Titles of the steps that were applied and stay.
    package var kept: [String]
    /// Titles of the steps that were never started, or cancelled half way.
    package var remaining: [String]

    package var description: String {
        var lines: [String] = failed.map { "\($0.title): \($0.error)" }
        if signal != nil { lines.append("interrupted") }
        lines += notUndone.map { "could not undo: \($0.title): \($0.error)" }
        return lines.joined(separator: "\n")
    }
}
