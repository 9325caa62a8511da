/// A progress event of a plan run. The CLI renders events as a tree, plain lines or JSON lines.
package enum PlanEvent: Sendable, Equatable, Codable {
    case planStarted(title: String, steps: [String])
    /// `limit` is the timeout of the step, nil without one.
    case stepStarted(id: String, title: String, limit: Duration? = nil)
    case stepProgress(id: String, fraction: Double?, note: String)
    case stepFinished(id: String, title: String, outcome: StepOutcome, duration: Duration)
    case undoStarted(id: String, title: String)
    case undoFinished(id: String, title: String, error: String?, duration: Duration)
    case planFinished(title: String, succeeded: Bool, duration: Duration)
}

/// Outcome of a step.
package enum StepOutcome: Sendable, Equatable, Codable {
    case applied
    /// Nothing to do; the text says what was found and may be empty.
    case alreadyDone(String)
    case failed(String)
    /// Cancelled by an interruption or by the failure of another step.
    case cancelled
}
