import AtollModel

/// A step that was not done within its deadline.
package struct StepOverdue: UserFacingError, Equatable, CustomStringConvertible {
    package var deadline: Duration
    /// Cancelled, and going on all the same: something in it cannot be interrupted.
    package var isStuck: Bool
    package var lookAt: String

    package var description: String {
        let seconds = deadline.components.seconds
        let end = isStuck ? "does not stop either; what it does may still go on" : "was stopped"
        return "did not end within \(seconds) s and \(end)" + (lookAt.isEmpty ? "" : "; look at: \(lookAt)")
    }
}

/// Runs the work of a step within its deadline.
struct DeadlineWatch: Sendable {
    let clock: any Clock<Duration>
    /// How long work that was cancelled is waited for: undoing beside it is worse than waiting, waiting for ever is worse than that.
    var grace: Duration = .seconds(20)

    private enum Event: Sendable { case ended, overdue, stuck }

    /// - Throws: what `work` throws; `StepOverdue`.
    func run(_ step: Step, _ work: @escaping @Sendable () async throws -> Void) async throws {
        guard let deadline = step.deadline else { return try await work() }
        let (events, sink) = AsyncStream.makeStream(of: Event.self)
        let running = Task {
            defer { sink.yield(.ended) }
            try await work()
        }
        let timer = Task { [clock, grace] in
            try await clock.sleep(for: deadline)
            sink.yield(.overdue)
            try await clock.sleep(for: grace)
            sink.yield(.stuck)
        }
        defer { timer.cancel() }
        try await withTaskCancellationHandler {
            var isOverdue = false
            for await event in events {
                switch event {
                case .ended:
                    // What ended well just then is done all the same.
                    do { return try await running.value } catch  where isOverdue {
                        throw StepOverdue(deadline: deadline, isStuck: false, lookAt: step.lookAt)
                    }
                case .overdue:
                    isOverdue = true
                    running.cancel()
                case .stuck: throw StepOverdue(deadline: deadline, isStuck: true, lookAt: step.lookAt)
                }
            }
            // Cancelled from outside, which ends the stream before the work.
            try await running.value
        } onCancel: {
            running.cancel()
        }
    }
}

extension Clock where Duration == Swift.Duration {
    fileprivate func sleep(for duration: Duration) async throws { try await sleep(until: now.advanced(by: duration), tolerance: nil) }
}
