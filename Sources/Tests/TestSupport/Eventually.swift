/// Polls `condition` until it holds or `deadline` passes; returns whether it held. Tests use this where others would sleep.
package func eventually(within deadline: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return true }
        // Others on a busy machine need the processor to get there.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
