/// One small change, and everything the runner must know to make it, skip it or take it back.
package struct Step: Sendable {
    /// What the world says about the step right now.
    package enum Observation: Sendable, Equatable {
        /// Already so; the text says what was found and may be empty.
        case done(String)
        /// Not so yet.
        case absent
        /// Something that is not ours stands in its place. It is never touched; the text says what it is and what to do.
        case foreign(String)
    }

    /// What a step that was running does when the plan is interrupted or another step fails.
    package enum Patience: Sendable {
        /// It is let finish: stopping it half way would leave something undefined.
        case finish
        /// Its task is cancelled: waits and downloads.
        case cancel
    }

    /// Unique in its plan, stable over runs: `network:net-01`. Failpoints are named after it.
    package var id: String
    /// For people, in the imperative: "start network net-01".
    package var title: String
    /// Steps that must be done before this one. An id that is not in the plan is a programming error and refused.
    package var needs: Set<String>
    package var patience: Patience
    /// How long `apply` may take before its task is cancelled and the step has failed; nil where it has an end of its own, or none.
    package var deadline: Duration?
    /// What to look at when it is over: a command, a log.
    package var lookAt: String
    package var observe: @Sendable () async throws -> Observation
    package var apply: @Sendable (StepProgress) async throws -> Void
    /// Takes `apply` back; must hold after a half-done `apply` too. nil when there is nothing to take back.
    package var undo: (@Sendable () async throws -> Void)?

    package init(
        _ id: String, _ title: String, needs: Set<String> = [], patience: Patience = .finish, deadline: Duration? = nil,
        lookAt: String = "",
        observe: @escaping @Sendable () async throws -> Observation = { .absent },
        apply: @escaping @Sendable (StepProgress) async throws -> Void,
        undo: (@Sendable () async throws -> Void)? = nil
    ) {
        self.id = id
        self.title = title
        self.needs = needs
        self.patience = patience
        self.deadline = deadline
        self.lookAt = lookAt
        self.observe = observe
        self.apply = apply
        self.undo = undo
    }
}

/// Where a running step says how far it is.
package struct StepProgress: Sendable {
    private let sink: @Sendable (Double?, String) -> Void

    package init(_ sink: @escaping @Sendable (Double?, String) -> Void = { _, _ in }) { self.sink = sink }

    /// `fraction` is 0...1, or nil when it cannot be known; `note` is a few words.
    package func report(_ fraction: Double? = nil, _ note: String = "") { sink(fraction, note) }
}
