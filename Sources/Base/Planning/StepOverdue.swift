import AtollModel

/// A step that exceeded its timeout.
package struct StepOverdue: UserFacingError, Equatable, CustomStringConvertible {
    package var deadline: Duration
    /// Whether the step ignored its cancellation and may still be running.
    package var isStuck: Bool
    package var lookAt: String

    package var description: String {
        let seconds = deadline.components.seconds
        let end = isStuck ? "; it ignores cancellation and may still be running" : ""
        return "timed out after \(seconds) s\(end)" + (lookAt.isEmpty ? "" : "\nhint: \(lookAt)")
    }
}

/// Applies a step's timeout to its work.
struct DeadlineWatch: Sendable {
    let clock: any Clock<Duration>
    /// How long to wait for cancelled work to end before giving up on it: rollback must not race with the work, nor wait forever.
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
                    // Work that succeeded at the deadline counts as done.
                    do { return try await running.value } catch  where isOverdue {
                        throw StepOverdue(deadline: deadline, isStuck: false, lookAt: step.lookAt)
                    }
                case .overdue:
                    isOverdue = true
                    running.cancel()
                case .stuck: throw StepOverdue(deadline: deadline, isStuck: true, lookAt: step.lookAt)
                }
            }
            // The stream ends early when the caller's task is cancelled.
            try await running.value
        } onCancel: {
            running.cancel()
        }
    }
}

extension Clock where Duration == Swift.Duration {
    fileprivate func sleep(for duration: Duration) async throws { try await sleep(until: now.advanced(by: duration), tolerance: nil) }
}
