import AtollHostPorts
import AtollPlanning
import Foundation
import Glibc

/// The prefix's log file: one line per step's end, whatever the console shows.
struct VerbLog: Sendable {
    private let path: String

    init(_ files: PrefixFiles) { path = files.log }

    func record(_ event: PlanEvent) {
        let text: String
        switch event {
        case .planStarted(let title, let steps): text = "INFO \(title): \(steps.count) steps"
        case .stepFinished(let id, _, let outcome, let duration):
            switch outcome {
            case .applied: text = "INFO \(id) done in \(DurationText.render(duration))"
            case .alreadyDone(let found): text = "DEBUG \(id) already so \(found)"
            case .failed(let error): text = "ERROR \(id) \(error)"
            case .cancelled: text = "WARNING \(id) cancelled"
            }
        case .undoFinished(let id, _, let error, _): text = error.map { "ERROR undo \(id) \($0)" } ?? "INFO undone \(id)"
        case .planFinished(let title, let succeeded, let duration):
            text = "\(succeeded ? "INFO" : "ERROR") \(title): \(succeeded ? "done" : "failed") in \(DurationText.render(duration))"
        case .stepStarted, .stepProgress, .undoStarted: return
        }
        // The directory comes with the prefix and goes with it: no log then, and no harm.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { return }
        let line = Array("\(Date.now.formatted(.iso8601)) [\(getpid())] \(text)\n".utf8)
        _ = write(descriptor, line, line.count)
        close(descriptor)
    }
}
