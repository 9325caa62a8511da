/// Polls `condition` until it is true or `deadline` passes; returns whether it is true. Replaces sleeps in tests.
package func eventually(within deadline: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return true }
        // Yield the CPU to the code that is being waited for.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
