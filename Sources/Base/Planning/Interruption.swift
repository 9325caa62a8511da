import Synchronization

/// A stop request, usually from a signal. Waits are cancelled, running steps finish, no new step starts.
package final class Interruption: Sendable {
    private struct State {
        var signal: Int32?
        var handlers: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// The signal number of the request, or nil if there was no request.
    package var signal: Int32? { state.withLock { $0.signal } }

    /// Requests the stop. Only the first call has an effect.
    package func request(signal: Int32) {
        let handlers = state.withLock { state -> [@Sendable () -> Void] in
            guard state.signal == nil else { return [] }
            state.signal = signal
            return Array(state.handlers.values)
        }
        for handler in handlers { handler() }
    }

    /// Registers a handler that is called on the request, at once if it was already made. Returns a token for `remove`.
    package func onRequest(_ handler: @escaping @Sendable () -> Void) -> Int {
        let (token, now) = state.withLock { state -> (Int, Bool) in
            state.next += 1
            state.handlers[state.next] = handler
            return (state.next, state.signal != nil)
        }
        if now { handler() }
        return token
    }

    package func remove(_ token: Int) { state.withLock { _ = $0.handlers.removeValue(forKey: token) } }

    /// Runs `body` in a task that the stop request cancels.
    package func cancelling<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task { try await body() }
        let token = onRequest { task.cancel() }
        defer { remove(token) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
