/// One small idempotent change: how to observe, apply and undo it.
package struct Step: Sendable {
    /// Current state of the step on the host.
    package enum Observation: Sendable, Equatable {
        /// Already applied; the text says what was found and may be empty.
        case done(String)
        /// Not applied.
        case absent
        /// A foreign object exists in its place and is never changed; the text says what it is and how to resolve the conflict.
        case foreign(String)
    }

    /// What happens to a running step when the plan is interrupted or another step fails.
    package enum Patience: Sendable {
        /// The step runs to its end, because a half-applied state would be undefined.
        case finish
        /// The step's task is cancelled. For waits and downloads.
        case cancel
    }

    /// ID, unique in its plan and stable across runs: `network:net-01`. Failpoints use it.
    package var id: String
    /// Title for people, in the imperative: "start network net-01".
    package var title: String
    /// IDs of the steps that must be done before this one. `Plan.init` refuses unknown IDs.
    package var needs: Set<String>
    package var patience: Patience
    /// Timeout of `apply`, after which its task is cancelled and the step fails; nil for no timeout, or for one inside `apply`.
    package var deadline: Duration?
    /// Timeout to show beside the elapsed time; `deadline`, or the one inside `apply`.
    package var limit: Duration?
    /// Hint for a step that timed out: a command or a log to inspect.
    package var lookAt: String
    package var observe: @Sendable () async throws -> Observation
    package var apply: @Sendable (StepProgress) async throws -> Void
    /// Rolls `apply` back, also after a partial `apply`. nil if there is nothing to roll back.
    package var undo: (@Sendable () async throws -> Void)?

    package init(
        _ id: String, _ title: String, needs: Set<String> = [], patience: Patience = .finish, deadline: Duration? = nil,
        limit: Duration? = nil, lookAt: String = "",
        observe: @escaping @Sendable () async throws -> Observation = { .absent },
        apply: @escaping @Sendable (StepProgress) async throws -> Void,
        undo: (@Sendable () async throws -> Void)? = nil
    ) {
        self.id = id
        self.title = title
        self.needs = needs
        self.patience = patience
        self.deadline = deadline
        self.limit = limit ?? deadline
        self.lookAt = lookAt
        self.observe = observe
        self.apply = apply
        self.undo = undo
    }
}

/// Sink for the progress of a running step.
package struct StepProgress: Sendable {
    private let sink: @Sendable (Double?, String) -> Void

    package init(_ sink: @escaping @Sendable (Double?, String) -> Void = { _, _ in }) { self.sink = sink }

    /// Reports progress. `fraction` is 0...1, or nil if unknown; `note` is a short text.
    package func report(_ fraction: Double? = nil, _ note: String = "") { sink(fraction, note) }
}
