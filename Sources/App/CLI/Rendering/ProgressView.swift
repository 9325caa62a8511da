import AtollDocuments
import AtollModel
import AtollPlanning
import Dispatch
import Synchronization

/// Shows a running plan: a live tree on a terminal, plain lines elsewhere, one JSON object per line with `-f json`.
final class ProgressView: Sendable {
    enum Style { case live, plain, json }

    private struct Running {
        var id: String
        var title: String
        var limit: Duration?
        var began = ContinuousClock.now
        var fraction: Double?
        var note = ""

        /// `wait for vm-a (12 s of 600 s): connection refused`.
        func line(at now: ContinuousClock.Instant) -> String {
            let seconds = began.duration(to: now).components.seconds
            let elapsed = limit.map { "\(seconds) s of \($0.components.seconds) s" } ?? "\(seconds) s"
            let percent = fraction.map { ", \(Int($0 * 100)) %" } ?? ""
            return "\(title) (\(elapsed)\(percent))\(note.isEmpty ? "" : ": \(note)")"
        }
    }
    private struct State {
        var running: [Running] = []
        var drawn = 0
        var frame = 0
        /// Redraws the live lines while a step runs.
        var ticker: (any DispatchSourceTimer)?
        /// In plain style, by step.
        var paces: [String: ProgressPace] = [:]
        /// The last progress event of each step.
        var said: [String: String] = [:]
    }
    private let console: Console
    private let style: Style
    /// Without them, only where each plan begins and ends.
    private let showsSteps: Bool
    /// When each step begins, with its id in the journal.
    private let showsStarts: Bool
    private let state = Mutex(State())

    init(console: Console, style: Style, showsSteps: Bool = true, showsStarts: Bool = false) {
        self.console = console
        self.style = style
        self.showsSteps = showsSteps
        self.showsStarts = showsStarts
    }

    func show(_ event: PlanEvent) {
        if style == .json {
            if case .stepProgress(let id, let fraction, let note) = event, !isNews(id, fraction, note) { return }
            return console.out(ValueJSON.render(EventDocument.make(event), indent: 0, sorted: true))
        }
        if !showsSteps, !event.isOfPlan { return }
        state.withLock { state in
            switch event {
            case .planStarted(let title, let steps):
                emit("@ \(SafeText.line(title)): \(steps.count) \(steps.count == 1 ? "step" : "steps")", &state)
            case .stepStarted(let id, let title, let limit):
                state.running.append(Running(id: id, title: SafeText.line(title), limit: limit))
                state.paces[id] = ProgressPace(began: .now, limit: limit)
                if showsStarts { emit("  + \(SafeText.line(title)) [\(SafeText.line(id))]", &state) } else { redraw(&state) }
            case .stepProgress(let id, let fraction, let note):
                progress(id, fraction, SafeText.line(note), &state)
            case .stepFinished(let id, let title, let outcome, let duration):
                state.running.removeAll { $0.id == id }
                emit(line(SafeText.line(title), outcome, duration), &state)
            case .undoStarted(let id, let title):
                state.running.append(Running(id: id, title: "undo: \(SafeText.line(title))"))
                redraw(&state)
            case .undoFinished(let id, let title, let error, let duration):
                state.running.removeAll { $0.id == id }
                let title = SafeText.line(title)
                let problem = error.map { "  ! undo: \(title): \(SafeText.line($0))" }
                emit(problem ?? "  - undone: \(title) (\(DurationText.render(duration)))", &state)
            case .planFinished(let title, let succeeded, let duration):
                state.running = []
                emit("@ \(SafeText.line(title)): \(succeeded ? "done" : "failed") in \(DurationText.render(duration))", &state)
            }
        }
    }

    /// For readers of events: a further hundredth, or other words.
    private func isNews(_ id: String, _ fraction: Double?, _ note: String) -> Bool {
        let now = "\(fraction.map { Int($0 * 100) } ?? -1) \(note)"
        return state.withLock { $0.said.updateValue(now, forKey: id) != now }
    }

    /// A line between the steps: a warning, a lock that is waited for.
    func note(_ text: String) {
        let text = SafeText.lines(text)
        if style == .json { return console.err(text) }
        state.withLock { emit(text, &$0) }
    }

    private func line(_ title: String, _ outcome: StepOutcome, _ duration: Duration) -> String {
        switch outcome {
        case .applied: "  * \(title) (\(DurationText.render(duration)))"
        case .alreadyDone(let found): "  = \(title): \(found.isEmpty ? "already so" : SafeText.line(found))"
        case .failed: "  ! \(title): failed after \(DurationText.render(duration))"
        case .cancelled: "  ! \(title): cancelled after \(DurationText.render(duration))"
        }
    }

    private func progress(_ id: String, _ fraction: Double?, _ note: String, _ state: inout State) {
        guard let index = state.running.firstIndex(where: { $0.id == id }) else { return }
        state.running[index].fraction = fraction
        if !note.isEmpty { state.running[index].note = note }
        if style == .live { return redraw(&state) }
        let now = ContinuousClock.now
        guard let line = state.paces[id, default: ProgressPace(began: now)].line(fraction, note, at: now) else { return }
        console.err("  . \(state.running[index].title): \(line)")
    }

    private func emit(_ text: String, _ state: inout State) {
        console.errRaw(erase(&state) + colored(text) + "\n")
        redraw(&state)
    }

    private func erase(_ state: inout State) -> String {
        defer { state.drawn = 0 }
        return state.drawn > 0 ? "\u{1B}[\(state.drawn)A\u{1B}[J" : ""
    }

    /// The marker of a step line in colour, on terminals that show it.
    private func colored(_ line: String) -> String {
        guard console.useColor else { return line }
        for (marker, code) in [("  * ", 32), ("  ! ", 31), ("  - ", 33)] where line.hasPrefix(marker) {
            return "\u{1B}[\(code)m\(marker)\u{1B}[0m\(line.dropFirst(marker.count))"
        }
        return line
    }

    private static let frames = ["|", "/", "-", "\\"]

    private func redraw(_ state: inout State) {
        guard style == .live else { return }
        var text = erase(&state)
        let (width, now, frame) = (console.width, ContinuousClock.now, Self.frames[state.frame % Self.frames.count])
        for step in state.running.prefix(12) {
            text += String("  \(frame) \(step.line(at: now))".prefix(width - 1)) + "\n"
            state.drawn += 1
        }
        console.errRaw(text)
        tick(&state)
    }

    /// Starts the ticker with the first running step and stops it after the last.
    private func tick(_ state: inout State) {
        if state.running.isEmpty {
            state.ticker?.cancel()
            state.ticker = nil
        } else if state.ticker == nil {
            let ticker = DispatchSource.makeTimerSource(queue: .global())
            ticker.schedule(deadline: .now() + 0.25, repeating: 0.25)
            ticker.setEventHandler { [weak self] in
                self?.state.withLock { state in
                    guard !state.running.isEmpty else { return }
                    state.frame += 1
                    self?.redraw(&state)
                }
            }
            state.ticker = ticker
            ticker.resume()
        }
    }
}

extension PlanEvent {
    /// Whether it is about the plan as a whole rather than one of its steps.
    fileprivate var isOfPlan: Bool {
        switch self {
        case .planStarted, .planFinished: true
        default: false
        }
    }
}

/// Plan events as JSON objects: `{"event": "step-finished", "step": …, "outcome": …, "seconds": …}`.
enum EventDocument {
    static func make(_ event: PlanEvent) -> Value {
        switch event {
        case .planStarted(let title, let steps):
            ["event": "plan-started", "plan": .string(title), "steps": .list(steps.map(Value.string))]
        case .stepStarted(let id, let title, let limit):
            ["event": "step-started", "step": .string(id), "title": .string(title), "limit": limit.map(seconds) ?? .null]
        case .stepProgress(let id, let fraction, let note):
            [
                "event": "step-progress", "step": .string(id), "fraction": fraction.map { .double(($0 * 1000).rounded() / 1000) } ?? .null,
                "note": .string(note),
            ]
        case .stepFinished(let id, let title, let outcome, let duration):
            finished("step-finished", id, title, outcome, duration)
        case .undoStarted(let id, let title): ["event": "undo-started", "step": .string(id), "title": .string(title)]
        case .undoFinished(let id, let title, let error, let duration):
            [
                "event": "undo-finished", "step": .string(id), "title": .string(title), "error": error.map(Value.string) ?? .null,
                "seconds": seconds(duration),
            ]
        case .planFinished(let title, let succeeded, let duration):
            ["event": "plan-finished", "plan": .string(title), "succeeded": .bool(succeeded), "seconds": seconds(duration)]
        }
    }

    private static func finished(_ event: String, _ id: String, _ title: String, _ outcome: StepOutcome, _ duration: Duration) -> Value {
        let (word, note): (String, String) =
            switch outcome {
            case .applied: ("applied", "")
            case .alreadyDone(let found): ("already-done", found)
            case .failed(let error): ("failed", error)
            case .cancelled: ("cancelled", "")
            }
        return [
            "event": .string(event), "step": .string(id), "title": .string(title), "outcome": .string(word), "note": .string(note),
            "seconds": seconds(duration),
        ]
    }

    private static func seconds(_ duration: Duration) -> Value { .double((DurationText.seconds(duration) * 1000).rounded() / 1000) }
}
