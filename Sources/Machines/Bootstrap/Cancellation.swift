import Synchronization

/// Carries a task's cancellation into blocking work: a flag to look at, and a way to stop the call that is waiting right now.
final class Cancellation: Sendable {
    private struct State {
        var isCancelled = false
        var abort: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    var isCancelled: Bool { state.withLock(\.isCancelled) }

    func cancel() {
        let abort = state.withLock { state in
            state.isCancelled = true
            return state.abort
        }
        abort?()
    }

    /// Runs `body`; a cancellation during it, or before it, calls `abort`.
    func aborting<T>(_ abort: @escaping @Sendable () -> Void, _ body: () throws -> T) throws -> T {
        let already = state.withLock { state in
            state.abort = abort
            return state.isCancelled
        }
        defer { state.withLock { $0.abort = nil } }
        if already { abort() }
        return try body()
    }
}
