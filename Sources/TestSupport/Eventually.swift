/// Polls `condition` until it holds or `deadline` passes; returns whether it held. Tests use this where others would sleep.
public func eventually(within deadline: Duration = .seconds(5), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return true }
        await Task.yield()
    }
    return try await condition()
}
