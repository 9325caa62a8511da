import Dispatch

/// Runs blocking calls (C libraries, flock, fsync) on threads of their own.
///
/// Swift's cooperative pool has one thread per core: on two cores, two calls that hang would stop the whole process,
/// its timeouts and its signal handling included. Nothing that may block belongs there.
public enum Blocking {
    /// Runs `body` off the cooperative pool and returns or throws what it does. Not cancelled by task cancellation: C does not stop.
    public static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            // A serial queue of its own brings a thread of its own. The threads of a concurrent queue are counted together with those of the
            // cooperative pool, so that enough blocked calls would starve it after all (measured).
            DispatchQueue(label: "atoll.blocking").async { continuation.resume(with: Result { try body() }) }
        }
    }
}
