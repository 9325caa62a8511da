/// What a run tells whoever watches it. The CLI renders it as a tree, as plain lines or as JSON lines.
package enum PlanEvent: Sendable {
    case planStarted(title: String, steps: [String])
    case stepStarted(id: String, title: String)
    case stepProgress(id: String, fraction: Double?, note: String)
    case stepFinished(id: String, title: String, outcome: StepOutcome, duration: Duration)
    case undoStarted(id: String, title: String)
    case undoFinished(id: String, title: String, error: String?, duration: Duration)
    case planFinished(title: String, succeeded: Bool, duration: Duration)
}

/// How a step ended.
package enum StepOutcome: Sendable, Equatable {
    case applied
    /// It was so already.
    case alreadyDone(String)
    case failed(String)
    /// Cancelled because of an interruption or of another step's failure.
    case cancelled
}
