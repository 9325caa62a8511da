import AtollPlanning
import Glibc
import Testing

@testable import AtollCLI

/// What reaches standard error; each case has a process of its own, whose streams can be read.
@Suite struct ProgressViewTests {
    private static func show(_ view: ProgressView) {
        view.show(.planStarted(title: "Start\u{1B}c", steps: ["a"]))
        view.show(.stepStarted(id: "a", title: "start\u{1B}[2J a", limit: .seconds(90)))
        view.show(.stepProgress(id: "a", fraction: nil, note: "b\n@ forged\u{7}"))
        view.show(.stepFinished(id: "a", title: "start\u{1B}[2J a", outcome: .alreadyDone("\u{9B}2J"), duration: .zero))
        view.note("warning: c\u{1B}]0;t\nd")
        view.show(.planFinished(title: "Start", succeeded: true, duration: .zero))
    }

    private func text(_ result: ExitTest.Result?) -> String {
        // What the runtime itself may say there is none of ours.
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test func nothingATerminalObeysGetsThrough() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Self.show(ProgressView(console: Console(), style: .plain, showsStarts: true))
            _exit(0)
        }
        #expect(
            text(result).hasSuffix(
                """
                @ Start\\u{1B}c: 1 step
                  + start\\u{1B}[2J a [a]
                  . start\\u{1B}[2J a: 0.0 s of 90 s, b\\n@ forged\\u{07}
                  = start\\u{1B}[2J a: \\u{009B}2J
                warning: c\\u{1B}]0;t
                d
                @ Start: done in 0.0 s

                """))
    }

    @Test func withoutStepsOnlyPlansAndNotesAreShown() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Self.show(ProgressView(console: Console(), style: .plain, showsSteps: false))
            _exit(0)
        }
        #expect(text(result).hasSuffix("@ Start\\u{1B}c: 1 step\nwarning: c\\u{1B}]0;t\nd\n@ Start: done in 0.0 s\n"))
    }
}

/// What is printed of a running step where lines stay.
@Suite struct ProgressPaceTests {
    private let start = ContinuousClock.now

    /// The lines of reports at these milliseconds.
    private func lines(_ reports: [(Int, Double?, String)], limit: Duration? = nil) -> [String] {
        var pace = ProgressPace(began: start, limit: limit)
        return reports.compactMap { pace.line($1, $2, at: start + .milliseconds($0)) }
    }

    @Test func aWaitTellsHowLongAndWhatItSees() {
        #expect(
            lines([(0, nil, "limit 600 s"), (3200, nil, "connection refused"), (4000, nil, "no route"), (5000, nil, "connection refused")])
                == ["0.0 s, limit 600 s", "3.2 s, connection refused", "4.0 s, no route"])
    }

    @Test func aWaitWithATimeoutShowsBoth() {
        #expect(lines([(3200, nil, "connection refused")], limit: .seconds(600)) == ["3.2 s of 600 s, connection refused"])
    }

    @Test func ofATransferThatIsSoonOverNothingIsSaid() {
        #expect(lines((0...100).map { ($0 * 9, Double($0) / 100, "copying") }) == [])
        // Nor of several, one after the other.
        #expect(lines((0...300).map { ($0 * 9, Double($0 % 100) / 100, "disk") }) == [])
    }

    @Test func aLongTransferHasALineForEachQuarterOrTenSeconds() {
        #expect(
            lines((0...100).map { ($0 * 100, Double($0) / 100, "copying") })
                == ["2.5 s, 25 %, copying", "5.0 s, 50 %, copying", "7.5 s, 75 %, copying", "10.0 s, 100 %, copying"])
        #expect(lines((0...100).map { ($0 * 1000, Double($0) / 100, "") }).count == 10)
        // Another phase starts anew.
        #expect(
            lines([(0, 0, "copying"), (2000, 1, "copying"), (2100, 0.5, "verifying"), (4000, 0.9, "verifying")])
                == ["2.0 s, 100 %, copying", "4.0 s, 90 %, verifying"])
    }
}
