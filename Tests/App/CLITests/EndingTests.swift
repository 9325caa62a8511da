import AtollHostPorts
import AtollDirectives
import AtollClaims
import AtollGuestAccess
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTemplates
import Testing

@testable import AtollCLI

@Suite struct EndingTests {
    /// A failed plan, as the runner throws it.
    private func failure(_ policy: Plan.FailurePolicy = .undo, signal: Int32? = nil) async throws -> PlanFailure {
        let interruption = Interruption()
        let steps = [
            Step("a", "make a", apply: { _ in }, undo: {}),
            Step(
                "b", "make b", needs: ["a"],
                apply: { _ in
                    if let signal {
                        interruption.request(signal: signal)
                    } else {
                        throw EnvironmentError(.refused, "b is broken; mend it with: c")
                    }
                }),
            Step("d", "make d", needs: ["b"], apply: { _ in }),
        ]
        let error = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1, interruption: interruption).run(try Plan("Make", onFailure: policy, steps: steps))
        }
        return try #require(error)
    }

    @Test func aFailedPlanSaysWhatFailedWhatWasTakenBackAndWhatRemains() async throws {
        let failure = try await failure()
        #expect(
            Ending.text(of: failure) == """
                error: make b: b is broken; mend it with: c
                rolled back: make a
                not done: make d
                """)
        #expect(Ending.code(of: failure) == 2)
    }

    @Test(arguments: [Int32(1), 2, 15]) func anInterruptedPlanEndsWithItsSignal(_ signal: Int32) async throws {
        let failure = try await failure(.keep, signal: signal)
        #expect(Ending.code(of: failure) == 128 + signal)
        let text = try #require(Ending.text(of: failure))
        #expect(
            text.contains("Make was interrupted by SIG") && text.contains("kept: make a; make b")
                && text.contains("not done: make d"))
        #expect(text.hasSuffix("hint: run the same command again to resume"))
    }

    @Test func anInterruptedPlanThatWasTakenBackSaysThatNothingRemains() async throws {
        var failure = try await failure(.undo, signal: 15)
        failure.kept = []
        #expect(try #require(Ending.text(of: failure)).hasSuffix("hint: run the same command again to start over"))
    }

    @Test func anInterruptedPlanOfWhichNothingWasKeptBeginsAnew() async throws {
        var failure = try await failure(.keep, signal: 15)
        failure.kept = []
        #expect(try #require(Ending.text(of: failure)).hasSuffix("hint: run the same command again to start over"))
    }

    @Test func theLastEventCarriesTheError() async throws {
        let event = Ending.event(of: try await failure(), verb: "start")
        #expect(event["event"]?.text == "failed" && event["verb"]?.text == "start" && event["code"]?.integer == 2)
        #expect(event["error"]?.text?.hasPrefix("make b: b is broken") == true)
        #expect(event["undone"]?.elements == ["make a"] && event["remaining"]?.elements == ["make d"])
        let interrupted = Ending.event(of: Interrupted(signal: 15), verb: "up")
        #expect(interrupted["code"]?.integer == 143 && interrupted["signal"]?.integer == 15)
    }

    @Test func everyMistakeOfTheUserEndsWith2() {
        #expect(Ending.code(of: UsageError("x")) == 2)
        #expect(Ending.code(of: EnvironmentError(.notFound, "x")) == 2)
        #expect(Ending.code(of: InvalidInput([])) == 2)
        #expect(Ending.code(of: VerbExit(code: 41)) == 41)
        #expect(Ending.code(of: TaskError(.notFound, "x")) == 2 && Ending.code(of: TaskError(.host, "x")) == 1)
        #expect(Ending.text(of: VerbExit(code: 41)) == nil)
    }

    @Test func aMistakeNobodyForesawEndsWith1() async throws {
        struct Unforeseen: Error {}
        #expect(Ending.code(of: Unforeseen()) == 1)
        let bad = Step("a", "make a", apply: { _ in throw Unforeseen() })
        let error = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1).run(try Plan("Make", onFailure: .undo, steps: [bad]))
        }
        #expect(Ending.code(of: try #require(error)) == 1)
        let known: [any Error] = [
            PlatformError(.noSpace, "x"), TemplateError(.unknownTemplate, "x"), ClaimError(.taken, "x"),
            GuestAccessError(.unreachable, "x"),
        ]
        for error in known { #expect(Ending.code(of: error) == 2, "\(type(of: error))") }
    }

    @Test func whatATerminalWouldObeyIsSpelledOut() {
        let error = EnvironmentError(.refused, "a\u{1B}]0;owned\u{07}\nb\u{9B}2J")
        #expect(Ending.text(of: error) == "error: a\\u{1B}]0;owned\\u{07}\nb\\u{009B}2J")
        // JSON has escapes of its own.
        #expect(Ending.event(of: error, verb: "up")["error"]?.text == "a\u{1B}]0;owned\u{07}\nb\u{9B}2J")
        let document: Value = ["VMs": ["a\u{1B}[2J": ["distro": "x\n[Forged]:\r", "list": ["\u{1B}c"]]]]
        #expect(
            OutputFormat.default.render(document) == """
                [VMs]:
                    [a\\u{1B}[2J]:
                        distro: x\\n[Forged]:\\r
                        list:\u{20}
                            \\u{1B}c
                """)
    }

    @Test func aCancelledStepIsNotDone() async throws {
        let interruption = Interruption()
        let step = Step(
            "w", "wait", patience: .cancel,
            apply: { _ in
                interruption.request(signal: 2)
                try await Task.sleep(for: .seconds(60))
            })
        let error = await #expect(throws: PlanFailure.self) {
            try await PlanRunner(journal: nil, jobs: 1, interruption: interruption).run(try Plan("Wait", onFailure: .keep, steps: [step]))
        }
        let failure = try #require(error)
        #expect(failure.kept == [] && failure.remaining == ["wait"])
    }
}
