/// An incomplete plan run: the failed steps, the steps rolled back, and the steps that remain.
package struct PlanFailure: Error, Sendable, CustomStringConvertible {
    package struct Failed: Sendable {
        package var id: String
        package var title: String
        package var error: any Error
    }
    package var plan: String
    package var failed: [Failed]
    /// Number of the signal that interrupted the run, or nil.
    package var signal: Int32?
    /// Titles of the steps that were rolled back.
    package var undone: [String]
    /// Steps whose rollback failed; what they created still exists.
    package var notUndone: [Failed]
    /// Titles of the steps that were applied and kept.
    package var kept: [String]
    /// Titles of the steps that were not started or were cancelled.
    package var remaining: [String]

    package var description: String {
        var lines: [String] = failed.map { "\($0.title): \($0.error)" }
        if signal != nil { lines.append("interrupted") }
        lines += notUndone.map { "rollback of '\($0.title)' failed: \($0.error)" }
        return lines.joined(separator: "\n")
    }
}
