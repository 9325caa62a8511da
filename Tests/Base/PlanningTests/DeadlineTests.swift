import AtollModel
import AtollPlanning
import AtollTestSupport
import Synchronization
import Testing

/// A clock that only advances by `turn`.
private final class HandClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
    }
    private struct Face {
        var now: Duration = .zero
        var sleepers: [Int: (until: Duration, wake: CheckedContinuation<Void, any Error>)] = [:]
        var ended: Set<Int> = []
        var next = 0
    }
    private let face = Mutex(Face())
    /// One element for each sleep that begins.
    let sleeps: AsyncStream<Void>
    private let begun: AsyncStream<Void>.Continuation

    init() { (sleeps, begun) = AsyncStream.makeStream(of: Void.self) }

    var now: Instant { Instant(offset: face.withLock { $0.now }) }
    var minimumResolution: Duration { .zero }
    var sleepers: Int { face.withLock { $0.sleepers.count } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = face.withLock { face in
            face.next += 1
            return face.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = face.withLock { face in
                    guard deadline.offset > face.now, !face.ended.contains(id) else { return true }
                    face.sleepers[id] = (deadline.offset, continuation)
                    return false
                }
                if isOver { continuation.resume() } else { begun.yield() }
            }
        } onCancel: {
            let sleeper = face.withLock { face in
                face.ended.insert(id)
                return face.sleepers.removeValue(forKey: id)
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }

    func turn(by duration: Duration) {
        let awake = face.withLock { face in
            face.now += duration
            let due = face.sleepers.filter { $0.value.until <= face.now }
            for id in due.keys { face.sleepers[id] = nil }
            return due.values.map(\.wake)
        }
        for sleeper in awake { sleeper.resume() }
    }
}

@Suite struct DeadlineTests {
    private let clock = HandClock()
    private let undone = Counter()

    private final class Counter: Sendable {
        let count = Mutex(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    private func run(_ step: Step, policy: Plan.FailurePolicy = .undo) async throws {
        try await PlanRunner(journal: nil, jobs: 1, clock: clock).run(try Plan("t", onFailure: policy, steps: [step]))
    }

    private func step(
        _ patience: Step.Patience, deadline: Duration? = .seconds(30), _ apply: @escaping @Sendable (StepProgress) async throws -> Void
    ) -> Step {
        Step(
            "x", "make x", patience: patience, deadline: deadline, lookAt: "atoll doctor", apply: apply, undo: { [undone] in undone.add() })
    }

    @Test(arguments: [Step.Patience.finish, .cancel]) func aTimedOutStepIsCancelledAndRolledBack(_ patience: Step.Patience) async throws {
        let endless = step(patience) { _ in try await Task.sleep(for: .seconds(3600)) }
        let running = Task { try await run(endless) }
        for await _ in clock.sleeps { break }
        clock.turn(by: .seconds(30))
        let failure = await #expect(throws: PlanFailure.self) { try await running.value }
        #expect(
            (failure?.failed.first?.error as? StepOverdue)?.description == "timed out after 30 s\nhint: atoll doctor")
        #expect(failure?.signal == nil && failure?.undone == ["make x"] && undone.value == 1)
        #expect(failure?.failed.first?.error is any UserFacingError)
    }

    @Test func aStepThatIgnoresCancellationIsAbandonedAfterTheGracePeriod() async throws {
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let stuck = step(.finish) { _ in await Task.detached { for await _ in gate {} }.value }
        let running = Task { try await run(stuck) }
        var sleeps = clock.sleeps.makeAsyncIterator()
        await sleeps.next()
        clock.turn(by: .seconds(30))
        await sleeps.next()
        clock.turn(by: .seconds(20))
        let failure = await #expect(throws: PlanFailure.self) { try await running.value }
        #expect((failure?.failed.first?.error as? StepOverdue)?.isStuck == true)
        opener.finish()
    }

    @Test func aStepThatEndsBeforeItsDeadlineSucceeds() async throws {
        try await run(step(.finish) { _ in })
        try await run(step(.cancel, deadline: nil) { _ in })
        #expect(await eventually(within: .seconds(60)) { clock.sleepers == 0 })
        struct Broken: Error {}
        let failure = await #expect(throws: PlanFailure.self) { try await run(step(.finish) { _ in throw Broken() }) }
        #expect(failure?.failed.first?.error is Broken)
    }

    @Test func anInterruptionCancelsAWaitWithADeadline() async throws {
        let interruption = Interruption()
        let wait = step(.cancel) { _ in
            interruption.request(signal: 2)
            try await Task.sleep(for: .seconds(3600))
        }
        let runner = PlanRunner(journal: nil, jobs: 1, interruption: interruption, clock: clock)
        let failure = await #expect(throws: PlanFailure.self) { try await runner.run(try Plan("t", onFailure: .keep, steps: [wait])) }
        #expect(failure?.signal == 2 && failure?.failed.isEmpty == true && failure?.remaining == ["make x"])
    }
}
