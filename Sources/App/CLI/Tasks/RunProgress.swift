import AtollDirectives
import AtollPlanning
import Synchronization

/// What the plans that make and remove a run's VM do, as lines of its log: every step at DEBUG, and one at INFO now and then for steps that
/// take long (a template that is built first), so that nobody has to guess whether something goes on.
final class RunProgress: Sendable {
    private struct Step {
        var title: String
        var said: ContinuousClock.Instant
    }

    private let log: RunLog
    private let pace: Duration
    private let steps = Mutex<[String: Step]>([:])

    init(_ log: RunLog, pace: Duration = .seconds(10)) {
        self.log = log
        self.pace = pace
    }

    func take(_ event: PlanEvent) {
        switch event {
        case .stepStarted(let id, let title, _): steps.withLock { $0[id] = Step(title: title, said: .now) }
        case .stepFinished(let id, let title, let outcome, let duration):
            steps.withLock { _ = $0.removeValue(forKey: id) }
            log.debug("\(title): \(Self.words(outcome)) (\(DurationText.render(duration)))")
        case .stepProgress(let id, let fraction, let note):
            let title = steps.withLock { steps -> String? in
                guard let step = steps[id], step.said.duration(to: .now) >= pace else { return nil }
                steps[id]?.said = .now
                return step.title
            }
            guard let title else { return }
            let percent = fraction.map { " \(Int($0 * 100)) %" } ?? ""
            log.info("\(title):\(percent)\(note.isEmpty ? "" : " \(note)")")
        default: break
        }
    }

    private static func words(_ outcome: StepOutcome) -> String {
        switch outcome {
        case .applied: "done"
        case .alreadyDone(let found): found.isEmpty ? "was so already" : found
        case .failed(let why): "failed: \(why)"
        case .cancelled: "interrupted"
        }
    }
}
