import AtollPlanning
import Glibc
import Testing

@testable import AtollCLI

/// What reaches standard error; each case has a process of its own, whose streams can be read.
@Suite struct ProgressViewTests {
    private static func show(_ view: ProgressView) {
        view.show(.planStarted(title: "Start\u{1B}c", steps: ["a"]))
        view.show(.stepStarted(id: "a", title: "start\u{1B}[2J a"))
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
                  . start\\u{1B}[2J a: b\\n@ forged\\u{07}
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
