import AtollPlanning
import AtollTaskRuns
import Foundation
import Glibc
import Synchronization
import Testing

@testable import AtollServices

/// The operation registry with bodies that the test controls.
struct OperationTests {
    private struct Request: Equatable, Sendable { var name = "a" }
    private struct Broken: Error, CustomStringConvertible { var description = "disk full" }

    /// Ends when the test says so, or when its task is cancelled.
    private final class Gate: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream() }
        func open() { continuation.finish() }
        func wait() async throws {
            for await _ in stream {}
            try Task.checkCancellation()
        }
    }

    private func numbers(_ events: OperationEvents) async -> [Int] {
        var found: [Int] = []
        for await event in events { found.append(event.number) }
        return found
    }

    private func contents(_ events: OperationEvents) async -> [OperationEvent.Content] {
        var found: [OperationEvent.Content] = []
        for await event in events { found.append(event.content) }
        return found
    }

    @Test func eventsAreNumberedFromOneAndEndWithTheOperation() async throws {
        let registry = OperationRegistry()
        let operation = try await registry.start("start", Request()) { scope in
            scope.report(.note("one"))
            scope.report(.plan(.stepStarted(id: "x", title: "make x")))
            return 7
        }
        #expect(try await operation.value == 7)
        #expect(
            await contents(operation.events()) == [
                .started(kind: "start"), .note("one"), .plan(.stepStarted(id: "x", title: "make x")), .finished(.succeeded),
            ])
        #expect(await numbers(operation.events()) == [1, 2, 3, 4])
    }

    @Test func readerThatReconnectsContinuesAfterItsLastNumber() async throws {
        let registry = OperationRegistry()
        let gate = Gate()
        let operation = try await registry.start("up", Request()) { scope in
            scope.report(.note("before"))
            try await gate.wait()
            scope.report(.note("after"))
        }
        var last = 0
        for await event in operation.events() {
            last = event.number
            if event.content == .note("before") { break }
        }
        // The second reader connects while the operation runs, and waits for what is new.
        let events = try await registry.events(of: operation.id, after: last)
        async let rest = contents(events)
        gate.open()
        #expect(await rest == [.note("after"), .finished(.succeeded)])
        #expect(await numbers(try await registry.events(of: operation.id, after: last)) == [3, 4])
        #expect(await numbers(try await registry.events(of: operation.id, after: 99)) == [])
    }

    @Test func cancelledReaderEndsAndLeavesTheOperationAlone() async throws {
        let registry = OperationRegistry()
        let gate = Gate()
        let operation = try await registry.start("up", Request()) { _ in try await gate.wait() }
        let reader = Task { await numbers(operation.events()) }
        reader.cancel()
        #expect(await reader.value.count <= 1)
        gate.open()
        try await operation.value
    }

    @Test func cancelEndsAnOperationOutsideAPlan() async throws {
        let registry = OperationRegistry()
        let gate = Gate()
        let operation = try await registry.start("wait", Request()) { _ in try await gate.wait() }
        try await registry.cancel(operation.id)
        await #expect(throws: CancellationError.self) { try await operation.value }
        #expect(await contents(operation.events()).last == .finished(.cancelled))
        #expect(await registry.list().map(\.state) == [.finished(.cancelled)])
    }

    @Test func cancelLetsAPlanRollBack() async throws {
        let registry = OperationRegistry()
        let (started, reached) = AsyncStream<Void>.makeStream()
        let undone = Mutex<[String]>([])
        let operation = try await registry.start("init", Request()) { scope in
            let steps = [
                Step("a", "make a", apply: { _ in }, undo: { undone.withLock { $0.append("a") } }),
                Step(
                    "b", "make b", needs: ["a"], patience: .cancel,
                    apply: { _ in
                        reached.finish()
                        try await Task.sleep(for: .seconds(600))
                    }),
            ]
            try await PlanRunner(journal: nil, jobs: 1, interruption: scope.stop.gently) { scope.report(.plan($0)) }
                .run(try Plan("Make", onFailure: .undo, steps: steps))
        }
        for await _ in started {}
        try await registry.cancel(operation.id)
        let failure = await #expect(throws: PlanFailure.self) { try await operation.value }
        #expect(failure?.signal == SIGINT)
        #expect(undone.withLock { $0 } == ["a"])
        #expect(await contents(operation.events()).last == .finished(.cancelled))
    }

    @Test func secondCancelIsTheUrgentOne() async throws {
        let registry = OperationRegistry()
        let gate = Gate()
        let operation = try await registry.start("run", Request()) { scope in try await scope.handlingStop { try await gate.wait() } }
        while !operation.scope.isHandlingStop { await Task.yield() }
        let stop = operation.scope.stop
        try await registry.cancel(operation.id)
        #expect(stop.gently.signal == SIGINT)
        #expect(stop.atOnce.signal == nil)
        try await registry.cancel(operation.id)
        #expect(stop.atOnce.signal == SIGINT)
        gate.open()
        // The body handles stop requests itself, so its task was not cancelled.
        try await operation.value
    }

    @Test func sameKeyTwiceRunsOnce() async throws {
        let registry = OperationRegistry()
        let runs = Mutex(0)
        @Sendable func body(_ scope: OperationScope) -> Int {
            runs.withLock {
                $0 += 1; return $0
            }
        }
        let first = try await registry.start("start", Request(), call: OperationCall(key: "k")) { body($0) }
        let second = try await registry.start("start", Request(), call: OperationCall(key: "k")) { body($0) }
        let other = try await registry.start("start", Request(), call: OperationCall(key: "l")) { body($0) }
        let unkeyed = try await registry.start("start", Request()) { body($0) }
        #expect(first.id == second.id)
        #expect(Set([first.id, other.id, unkeyed.id]).count == 3)
        #expect(try await second.value == first.value)
        _ = try await (other.value, unkeyed.value)
        #expect(runs.withLock { $0 } == 3)
    }

    @Test func sameKeyWithAnotherRequestIsRefused() async throws {
        let registry = OperationRegistry()
        let first = try await registry.start("start", Request(), call: OperationCall(key: "k")) { _ in 1 }
        _ = try await first.value
        let call = OperationCall(key: "k")
        await #expect(throws: OperationError.self) { _ = try await registry.start("start", Request(name: "b"), call: call) { _ in 1 } }
        await #expect(throws: OperationError.self) { _ = try await registry.start("stop", Request(), call: call) { _ in 1 } }
        await #expect(throws: OperationError.self) { _ = try await registry.start("start", Request(), call: call) { _ in "text" } }
        await #expect(throws: OperationError.self) { _ = try await registry.start("start", 3, call: call) { _ in 1 } }
        #expect(await registry.list().count == 1)
    }

    @Test func failureIsThrownAndReported() async throws {
        let registry = OperationRegistry()
        let operation = try await registry.start("init", Request()) { _ in throw Broken() }
        await #expect(throws: Broken.self) { try await operation.value }
        #expect(await contents(operation.events()).last == .finished(.failed("disk full")))
    }

    @Test func unknownOperationIsRefused() async {
        let registry = OperationRegistry()
        await #expect(throws: OperationError.self) { try await registry.cancel(OperationID("none")) }
        await #expect(throws: OperationError.self) { _ = try await registry.events(of: OperationID("none")) }
    }

    @Test(arguments: [0, 1, 5, 90])
    func historyIsBoundedAndSaysWhatIsMissing(after: Int) async throws {
        var limits = OperationLimits()
        limits.events = 20
        let registry = OperationRegistry(limits: limits)
        let operation = try await registry.start("run", Request()) { scope in
            for number in 2...99 { scope.report(.note("\(number)")) }
        }
        try await operation.value
        var found: [OperationEvent] = []
        for await event in operation.events(after: after) { found.append(event) }
        #expect(found.count <= 21)
        #expect(found.last?.number == 100)
        if after == 90 {
            #expect(found.map(\.number) == Array(91...100))
        } else {
            let first = try #require(found.first)
            #expect(first.content == .dropped(count: first.number - after))
            #expect(found.dropFirst().map(\.number) == Array(first.number + 1...100))
        }
    }

    @Test func outputIsBoundedByItsBytes() async throws {
        var limits = OperationLimits()
        limits.bytes = 4000
        let registry = OperationRegistry(limits: limits)
        let operation = try await registry.start("run", Request()) { scope in
            for _ in 1...50 { scope.report(.output(run: "r", isError: false, bytes: Data(repeating: 120, count: 1000))) }
        }
        try await operation.value
        #expect(await contents(operation.events()).count { if case .output = $0 { true } else { false } } <= 4)
    }

    @Test func observerGetsEveryEventBeforeTheBodyGoesOn() async throws {
        var limits = OperationLimits()
        limits.events = 4
        let registry = OperationRegistry(limits: limits)
        let seen = Mutex<[Int]>([])
        let call = OperationCall(observer: { event in seen.withLock { $0.append(event.number) } })
        let operation = try await registry.start("run", Request(), call: call) { scope in
            for number in 2...50 {
                scope.report(.note("\(number)"))
                #expect(seen.withLock { $0.count } == number)
            }
        }
        try await operation.value
        #expect(seen.withLock { $0 } == Array(1...51))
    }

    @Test func onlyFinishedOperationsAreForgotten() async throws {
        var limits = OperationLimits()
        limits.finished = 2
        let registry = OperationRegistry(limits: limits)
        let gate = Gate()
        let running = try await registry.start("up", Request()) { _ in try await gate.wait() }
        var ids: [OperationID] = []
        for number in 1...6 {
            let operation = try await registry.start("start", Request(), call: OperationCall(key: "\(number)")) { _ in number }
            _ = try await operation.value
            ids.append(operation.id)
        }
        let listed = await registry.list()
        #expect(listed.first?.id == running.id)
        #expect(listed.dropFirst().map(\.id) == Array(ids.suffix(3)))
        await #expect(throws: OperationError.self) { _ = try await registry.events(of: ids[0]) }
        gate.open()
        try await running.value
    }

    @Test func eventsAreCodable() throws {
        let contents: [OperationEvent.Content] = [
            .started(kind: "up"), .note("x"), .dropped(count: 2), .output(run: "r", isError: true, bytes: Data([0, 255])),
            .log(run: "r", line: "l"), .finished(.failed("why")), .finished(.cancelled),
            .plan(.stepFinished(id: "a", title: "make a", outcome: .alreadyDone("is there"), duration: .milliseconds(1500))),
            .plan(.stepProgress(id: "a", fraction: 0.5, note: "half")), .plan(.planStarted(title: "Make", steps: ["make a"])),
        ]
        for (number, content) in contents.enumerated() {
            let event = OperationEvent(
                operation: OperationID(), number: number, time: Date(timeIntervalSince1970: 1_900_000_000), content: content)
            #expect(try JSONDecoder().decode(OperationEvent.self, from: try JSONEncoder().encode(event)) == event)
        }
    }
}
