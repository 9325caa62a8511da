import Dispatch
import Synchronization

/// Runs blocking calls (C libraries, flock, fsync) on threads of their own.
///
/// Swift's cooperative pool has one thread per core: on two cores, two calls that hang would stop the whole process,
/// its timeouts and its signal handling included. Nothing that may block belongs there.
package enum Blocking {
    /// Runs `body` off the cooperative pool and returns or throws what it does. Not cancelled by task cancellation: C does not stop.
    package static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            // A serial queue of its own brings a thread of its own. The threads of a concurrent queue are counted together with those of the
            // cooperative pool, so that enough blocked calls would starve it after all (measured).
            DispatchQueue(label: "atoll.blocking").async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// The same with a limit: a call that takes longer is given up on, not ended, for C cannot be; what it returns later is dropped.
    /// - Parameter overdue: the error to throw then.
    package static func run<T: Sendable>(
        limit: Duration, overdue: @escaping @Sendable () -> any Error, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let once = Once(continuation)
            DispatchQueue(label: "atoll.blocking").async { once.resume(with: Result { try body() }) }
            let seconds = Double(limit.components.seconds) + Double(limit.components.attoseconds) / 1e18
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { once.resume(with: .failure(overdue())) }
        }
    }

    /// A continuation that takes the first answer.
    private final class Once<T: Sendable>: Sendable {
        private let waiting: Mutex<CheckedContinuation<T, any Error>?>

        init(_ continuation: CheckedContinuation<T, any Error>) { waiting = Mutex(continuation) }

        func resume(with result: Result<T, any Error>) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(with: result)
        }
    }
}
