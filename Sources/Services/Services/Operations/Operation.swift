import AtollPlanning
package import AtollTaskRuns
import Glibc
import Synchronization

/// A started operation.
package struct Operation<Result: Sendable>: Sendable {
    package let id: OperationID
    let scope: OperationScope
    let task: Task<Result, any Error>

    /// The result; waits for the end.
    /// - Throws: the operation's error.
    package var value: Result {
        get async throws { try await task.value }
    }

    /// The result. If the caller's task is cancelled, the operation is cancelled too.
    package func owned() async throws -> Result {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            cancel()
        }
    }

    /// Events after a number; all that are kept by default.
    package func events(after number: Int = 0) -> OperationEvents { OperationEvents(log: scope.log, number: number) }

    /// Requests the end. A running plan finishes or rolls back its current steps, and a task run ends its task and fetches its files;
    /// anything else is cancelled. The second request skips the fetching.
    package func cancel() { scope.cancel { task.cancel() } }
}

/// What an operation's body gets: its identifier, stop requests, and where its events go.
package final class OperationScope: Sendable {
    package let id: OperationID
    package let kind: String
    package let stop: Overlord.Stop
    let log: OperationLog
    private let observer: (@Sendable (OperationEvent) -> Void)?
    private struct State {
        /// Plans and task runs that handle stop requests themselves.
        var handlers = 0
        var requests = 0
    }
    private let state = Mutex(State())

    init(_ id: OperationID, kind: String, stop: Overlord.Stop, log: OperationLog, observer: (@Sendable (OperationEvent) -> Void)?) {
        self.id = id
        self.kind = kind
        self.stop = stop
        self.log = log
        self.observer = observer
    }

    /// Adds an event. The observer is called before this returns, from the caller's thread.
    package func report(_ content: OperationEvent.Content) {
        switch content {
        case .plan(.planStarted): state.withLock { $0.handlers += 1 }
        case .plan(.planFinished): state.withLock { $0.handlers -= 1 }
        default: break
        }
        if let event = log.append(content) { observer?(event) }
    }

    /// Runs a body that handles stop requests itself: `cancel` does not cancel its task.
    package func handlingStop<T: Sendable>(_ body: () async throws -> T) async rethrows -> T {
        state.withLock { $0.handlers += 1 }
        defer { state.withLock { $0.handlers -= 1 } }
        return try await body()
    }

    /// Whether a plan or a body of `handlingStop` runs.
    var isHandlingStop: Bool { state.withLock { $0.handlers > 0 } }

    func cancel(_ cancelTask: () -> Void) {
        let (isFirst, isHandled) = state.withLock { state -> (Bool, Bool) in
            state.requests += 1
            return (state.requests == 1, state.handlers > 0)
        }
        (isFirst ? stop.gently : stop.atOnce).request(signal: SIGINT)
        if !isHandled { cancelTask() }
    }
}

/// How a caller starts an operation.
package struct OperationCall: Sendable {
    /// Idempotency key: a second start with the same key and request returns the first operation.
    package var key: String?
    package var stop: Overlord.Stop
    /// Receives every event of a new operation before the operation goes on, so that a slow reader loses none.
    package var observer: (@Sendable (OperationEvent) -> Void)?

    package init(
        key: String? = nil, stop: Overlord.Stop = Overlord.Stop(), observer: (@Sendable (OperationEvent) -> Void)? = nil
    ) {
        self.key = key
        self.stop = stop
        self.observer = observer
    }
}
