import AtollGuestAccess
import Synchronization
import Testing

/// A clock on which sleeping takes no time and passes at once.
final class SleepingClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
    }

    private let state = Mutex<(now: Duration, pauses: [Duration])>((.zero, []))

    var now: Instant { Instant(offset: state.withLock { $0.now }) }
    var minimumResolution: Duration { .zero }
    var pauses: [Duration] { state.withLock { $0.pauses } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        state.withLock {
            $0.pauses.append(deadline.offset - $0.now)
            $0.now = max($0.now, deadline.offset)
        }
    }

    func pass(_ duration: Duration) { state.withLock { $0.now += duration } }
}

@Suite struct ReadinessTests {
    private let clock = SleepingClock()

    /// A requirement that shows `sightings` in turn, the last one for ever.
    private func requirement(
        _ name: String = "vm-a answers", patience: Duration = .seconds(60), seeing sightings: [Requirement.Observation]
    ) -> Requirement {
        let looks = Mutex(0)
        return Requirement(name: name, patience: patience, hint: "atoll console vm-a") { _ in
            sightings[
                min(
                    looks.withLock {
                        $0 += 1; return $0 - 1
                    }, sightings.count - 1)]
        }
    }

    @Test func pausesGrowToOneSecondAndStartAgainWhenTheGuestGetsOn() async throws {
        let silent = [Requirement.Observation](repeating: .pending("no route"), count: 14)
        let reports = try await Readiness(clock: clock).wait(for: [
            requirement(seeing: silent + [.pending("refused"), .met("a command ran")])
        ])
        #expect(clock.pauses.first == .milliseconds(100))
        #expect(clock.pauses.max() == .seconds(1))
        #expect(clock.pauses.last == .milliseconds(100))
        #expect(zip(clock.pauses, clock.pauses.dropFirst()).prefix(8).allSatisfy { $0 <= $1 })
        #expect(reports.map(\.attempts) == [16])
        #expect(reports.first?.lastSeen == "a command ran")
    }

    @Test func aFailedWaitSaysWhatForHowLongWhatItSawTheConsoleAndTheHint() async throws {
        let readiness = Readiness(clock: clock, consoleTail: { "booting\n\u{1b}[31mKernel panic\u{1b}[0m\n" })
        let error = await #expect(throws: GuestAccessError.self) {
            try await readiness.wait(for: [
                requirement("first", seeing: [.met("yes")]), requirement("second", patience: .seconds(5), seeing: [.pending("refused")]),
            ])
        }
        #expect(error?.code == .notReady)
        #expect(error?.report?.number == 2)
        #expect(error?.report?.waited == .seconds(5))
        #expect(error?.consoleTail == "booting\nKernel panic")
        let message = error?.message ?? ""
        for part in ["wait 2 of 2", "second", "within 5 s", "refused", "  | Kernel panic", "try: atoll console vm-a"] {
            #expect(message.contains(part), "\(part) in \(message)")
        }
    }

    @Test func whatWaitingCannotHelpFailsAtOnce() async throws {
        let error = await #expect(throws: GuestAccessError.self) {
            try await Readiness(clock: clock).wait(for: [requirement(seeing: [.hopeless("another machine", hint: "atoll doctor")])])
        }
        #expect(error?.report?.attempts == 1)
        #expect(error?.message.contains("try: atoll doctor") == true)
        #expect(clock.pauses.isEmpty)
    }

    @Test func aLookIsToldTheTimeLeftAndItsOwnTimeCounts() async throws {
        let clock = clock
        let lefts = Mutex<[Duration]>([])
        let slow = Requirement(name: "slow", patience: .seconds(10), hint: "") { left in
            lefts.withLock { $0.append(left) }
            clock.pass(.seconds(4))
            return .pending("nothing")
        }
        await #expect(throws: GuestAccessError.self) { try await Readiness(clock: clock).wait(for: [slow]) }
        #expect(lefts.withLock { $0 } == [.seconds(10), .seconds(6), .seconds(2)])
        // It waited for an answer itself: a pause after that would only come late to the next one.
        #expect(clock.pauses.isEmpty)
    }

    @Test func aLookTakesFromThePauseAfterIt() async throws {
        let clock = clock
        let looks = Mutex(0)
        let quick = Requirement(name: "quick", patience: .seconds(10), hint: "") { _ in
            clock.pass(.milliseconds(40))
            return looks.withLock {
                $0 += 1; return $0
            } == 1 ? .pending("nothing") : .met("it")
        }
        _ = try await Readiness(clock: clock).wait(for: [quick])
        #expect(clock.pauses == [.milliseconds(60)])
    }

    @Test func progressIsToldAtTheStartAndWhenWhatIsSeenChanges() async throws {
        let seen = Mutex<[String]>([])
        let readiness = Readiness(clock: clock, progress: { progress in seen.withLock { $0.append(progress.report.lastSeen) } })
        _ = try await readiness.wait(for: [requirement(seeing: [.pending("a"), .pending("a"), .pending("b"), .met("c")])])
        #expect(seen.withLock { $0 } == ["nothing yet", "a", "b"])
    }

    @Test func cancellationEndsAWait() async throws {
        let readiness = Readiness(clock: ContinuousClock())
        let requirement = requirement(seeing: [.pending("nothing")])
        let task = Task { try await readiness.wait(for: [requirement]) }
        task.cancel()
        let error = await #expect(throws: GuestAccessError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}
