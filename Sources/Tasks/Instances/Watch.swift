import Synchronization

/// Ends a command that takes too long, says nothing for too long, or whose machine is gone.
struct Watch: Sendable {
    /// Looks whether the machine is still there; a sentence when it is not.
    typealias Liveness = @Sendable () async -> String?

    var timeout: Duration?
    var silence: Duration?
    var liveness: Liveness?
    /// How often `liveness` is asked.
    var interval: Duration = .seconds(2)

    /// Runs `body` under the watch. What it throws because it was cancelled here becomes the reason for that.
    /// - Parameter body: is given a function to call at every sign of life.
    func run<T: Sendable>(_ body: @escaping @Sendable (_ sign: @escaping @Sendable () -> Void) async throws -> T) async throws -> T {
        let clock = ContinuousClock()
        let began = clock.now
        let last = LastSign(began)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body { last.set(clock.now) } }
            group.addTask {
                while true {
                    var wake = interval
                    if let timeout { wake = min(wake, timeout - began.duration(to: clock.now)) }
                    if let silence { wake = min(wake, silence - last.at.duration(to: clock.now)) }
                    wake = max(wake, .zero)
                    let asleep = clock.now
                    if wake > .zero { try await Task.sleep(for: wake, clock: clock) }
                    // Stopped or suspended meanwhile: what the command wrote then is still to be read, and is no silence.
                    if asleep.duration(to: clock.now) - wake > .seconds(5) { last.set(clock.now) }
                    if let timeout, began.duration(to: clock.now) >= timeout {
                        throw DisposableError(.timeout, "did not end within \(timeout.components.seconds) s")
                    }
                    if let silence, last.at.duration(to: clock.now) >= silence {
                        throw DisposableError(.silence, "wrote nothing for \(silence.components.seconds) s")
                    }
                    if let gone = await liveness?() { throw DisposableError(.lost, gone) }
                }
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }
}

/// When the command was last heard of.
private final class LastSign: Sendable {
    private let moment: Mutex<ContinuousClock.Instant>

    init(_ moment: ContinuousClock.Instant) { self.moment = Mutex(moment) }

    var at: ContinuousClock.Instant { moment.withLock { $0 } }
    func set(_ new: ContinuousClock.Instant) { moment.withLock { $0 = new } }
}
