import AtollDirectives

/// Says now and then that something goes on which says nothing itself.
struct Heartbeat: Sendable {
    var interval: Duration = .seconds(10)
    var log: RunLog

    /// - Parameter words: what goes on: `fetching artifacts`.
    func during<T: Sendable>(_ words: String, _ body: @Sendable () async throws -> T) async rethrows -> T {
        let began = ContinuousClock.now
        let beating = Task { [interval, log] in
            while !Task.isCancelled {
                try await Task.sleep(for: interval)
                log.info("\(words): \(began.duration(to: .now).components.seconds) s so far")
            }
        }
        defer { beating.cancel() }
        return try await body()
    }
}
