import AtollPlanning
import AtollTestSupport
import Synchronization
import Testing

/// A set of named facts that steps add and undo.
private final class World: Sendable {
    let facts = Mutex<[String]>([])
    let undone = Mutex<[String]>([])
    func has(_ fact: String) -> Bool { facts.withLock { $0.contains(fact) } }
    func add(_ fact: String) { facts.withLock { $0.append(fact) } }
    func remove(_ fact: String) {
        facts.withLock { $0.removeAll { $0 == fact } }
        undone.withLock { $0.append(fact) }
    }
    func step(_ id: String, needs: Set<String> = []) -> Step {
        Step(
            id, "make \(id)", needs: needs,
            observe: { [self] in has(id) ? .done("") : .absent },
            apply: { [self] _ in
                for need in needs where !has(need) { Issue.record("\(id) ran before \(need)") }
                add(id)
            },
            undo: { [self] in remove(id) })
    }
}

@Suite struct PlanRunnerTests {
    private let world = World()
    private var diamond: [Step] {
        [world.step("d", needs: ["b", "c"]), world.step("b", needs: ["a"]), world.step("c", needs: ["a"]), world.step("a")]
    }

    @Test func stepsRunInDependencyOrder() async throws {
        try await PlanRunner(journal: nil, jobs: 4).run(Plan("t", onFailure: .undo, steps: diamond))
        #expect(Set(world.facts.withLock { $0 }) == ["a", "b", "c", "d"])
    }

    @Test func aSecondRunChangesNothing() async throws {
        let plan = try Plan("t", onFailure: .undo, steps: diamond)
        try await PlanRunner(journal: nil, jobs: 2).run(plan)
        try await PlanRunner(journal: nil, jobs: 2).run(plan)
        #expect(world.facts.withLock { $0.count } == 4)
    }

    @Test(arguments: ["before:c", "after:c", "before:d", "after:a"])
    func aFailureRollsBackAppliedStepsInReverse(_ point: String) async throws {
        let plan = try Plan("t", onFailure: .undo, steps: diamond)
        let runner = PlanRunner(journal: nil, failpoints: try Failpoints(parsing: "\(point)=error"), jobs: 1)
        let failure = await #expect(throws: PlanFailure.self) { try await runner.run(plan) }
        #expect(failure?.failed.count == 1)
        #expect(world.facts.withLock { $0 }.isEmpty)
        let undone = world.undone.withLock { $0 }
        #expect(undone.last == "a")
    }

    @Test func stepsDoneBeforeTheRunAreNotRolledBack() async throws {
        world.add("a")
        let runner = PlanRunner(journal: nil, failpoints: try Failpoints(parsing: "after:b=error"), jobs: 1)
        await #expect(throws: PlanFailure.self) { try await runner.run(Plan("t", onFailure: .undo, steps: diamond)) }
        #expect(world.facts.withLock { $0 } == ["a"])
    }

    @Test func aForeignObjectFailsThePlanAndIsNotChanged() async throws {
        let foreign = Step("x", "make x", observe: { .foreign("x is foreign") }, apply: { _ in Issue.record("touched") })
        let failure = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1).run(Plan("t", onFailure: .undo, steps: [foreign]))
        }
        #expect((failure?.failed.first?.error as? ForeignObject)?.description == "x is foreign")
    }

    @Test func interruptionCancelsWaitsAndListsRemainingSteps() async throws {
        let interruption = Interruption()
        let wait = Step(
            "wait", "wait for it", patience: .cancel,
            apply: { _ in
                interruption.request(signal: 2)
                try await Task.sleep(for: .seconds(60))
            })
        let plan = try Plan("t", onFailure: .keep, steps: [world.step("a"), wait, world.step("z", needs: ["wait"])])
        let failure = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1, interruption: interruption).run(plan)
        }
        #expect(failure?.signal == 2)
        #expect(failure?.remaining == ["wait for it", "make z"])
        #expect(world.has("a"))
    }

    @Test func cyclesAndUnknownNeedsAreRefused() {
        #expect(throws: PlanDefect.self) {
            try Plan("t", onFailure: .keep, steps: [world.step("a", needs: ["b"]), world.step("b", needs: ["a"])])
        }
        #expect(throws: PlanDefect.self) { try Plan("t", onFailure: .keep, steps: [world.step("a", needs: ["nowhere"])]) }
        #expect(throws: PlanDefect.self) { try Failpoints(parsing: "before:x=explode") }
    }

    @Test func theJournalListsTheUnfinishedStepsOfAnInterruptedVerb() async throws {
        let workspace = try Workspace()
        let path = workspace.path + "/journal"
        let journal = try Journal(path: path, verb: "start")
        try journal.record(.begin)
        try journal.record(.intent, step: "a")
        try journal.record(.done, step: "a")
        try journal.record(.intent, step: "b")
        #expect(Journal.unfinished(at: path)?.steps == ["b"])
        try journal.record(.end)
        #expect(Journal.unfinished(at: path) == nil)
    }

    @Test func anEntryAfterATruncatedLineIsRead() throws {
        let workspace = try Workspace()
        let path = try workspace.write("journal", #"{"event":"begin","pid":1,"st"#)
        let journal = try Journal(path: path, verb: "start")
        try journal.record(.begin)
        try journal.record(.intent, step: "a")
        #expect(Journal.entries(at: path).map(\.event) == [.begin, .intent])
    }

    @Test(arguments: [false, true]) func aFailedRollbackIsUnfinishedInTheJournal(_ fails: Bool) async throws {
        let workspace = try Workspace()
        let path = workspace.path + "/journal"
        let points = "after:a=error" + (fails ? ",undo:a=error" : "")
        let runner = PlanRunner(journal: try Journal(path: path, verb: "init"), failpoints: try Failpoints(parsing: points), jobs: 1)
        let failure = await #expect(throws: PlanFailure.self) {
            try await runner.run(Plan("t", onFailure: .undo, steps: [world.step("a")]))
        }
        #expect(failure?.notUndone.count == (fails ? 1 : 0))
        #expect((Journal.unfinished(at: path) != nil) == fails)
    }

    @Test func aRolledBackStepIsNotListedAsRemaining() async throws {
        let interruption = Interruption()
        let wait = Step(
            "wait", "wait for it", patience: .cancel,
            apply: { _ in
                interruption.request(signal: 2)
                try await Task.sleep(for: .seconds(60))
            }, undo: {})
        let plan = try Plan("t", onFailure: .undo, steps: [world.step("a"), wait, world.step("z", needs: ["wait"])])
        let failure = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1, interruption: interruption).run(plan)
        }
        #expect(failure?.undone == ["wait for it", "make a"] && failure?.remaining == ["make z"])
    }

    private struct Lost: Error {}

    @Test(arguments: [1, 2]) func continueOthersRunsIndependentStepsAfterAFailure(_ jobs: Int) async throws {
        let started = Mutex<Set<String>>([])
        let gone = Step("x", "wait x", patience: .cancel, apply: { _ in throw Lost() })
        let slow = Step(
            "y", "wait y", patience: .cancel,
            apply: { [world] _ in
                // z takes the slot of x: its start shows that the runner has handled the failure of x.
                if jobs > 1 { #expect(await eventually { started.withLock { $0.contains("z") } }) }
                try Task.checkCancellation()
                world.add("y")
            })
        let lost = Step("z", "wait z", patience: .cancel, apply: { _ in throw Lost() })
        let plan = try Plan("t", onFailure: .continueOthers, steps: [gone, slow, lost, world.step("later", needs: ["x"])])
        let runner = PlanRunner(journal: nil, jobs: jobs) { event in
            if case .stepStarted(let id, _, _) = event { started.withLock { _ = $0.insert(id) } }
        }
        let failure = await #expect(throws: PlanFailure.self) { try await runner.run(plan) }
        #expect(failure.map { Set($0.failed.map(\.id)) } == ["x", "z"])
        #expect(failure?.remaining == ["make later"] && world.facts.withLock { $0 } == ["y"])
    }
}
