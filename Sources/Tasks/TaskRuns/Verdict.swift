import AtollDirectives
import AtollInstances
import AtollModel
package import AtollResults

/// What a failure means for a run: the outcome reported for it and the exit code (spec 6.7). Trouble around the task is ABORTED, for a
/// rerun may help; the task's own breaking is CRASHED.
package struct Verdict: Sendable, Equatable {
    /// nil when nothing is reported: the run was never begun.
    package var outcome: Outcome?
    package var exitCode: Int32

    package init(outcome: Outcome?, exitCode: Int32) {
        self.outcome = outcome
        self.exitCode = exitCode
    }

    /// - Parameters:
    ///   - signal: that ended the run, when one did.
    ///   - legacy: 1 instead of 101 to 103, as the original had it.
    package static func of(_ error: any Error, signal: Int32? = nil, legacy: Bool = false) -> Verdict {
        var verdict = signal.map { Verdict(outcome: .aborted, exitCode: 128 + $0) } ?? plain(error)
        if legacy, (101...103).contains(verdict.exitCode) { verdict.exitCode = 1 }
        return verdict
    }

    private static func plain(_ error: any Error) -> Verdict {
        switch error {
        case let error as TaskError:
            switch error.code {
            case .usage, .notFound: Verdict(outcome: nil, exitCode: 2)
            case .formula, .config, .permission, .host: Verdict(outcome: .crashed, exitCode: 1)
            case .directive, .noResults: Verdict(outcome: .crashed, exitCode: 101)
            case .remote: Verdict(outcome: .aborted, exitCode: 102)
            case .silence, .timeout: Verdict(outcome: .aborted, exitCode: 103)
            case .interrupted: Verdict(outcome: .aborted, exitCode: 130)
            }
        case let error as DisposableError:
            switch error.code {
            case .image, .boot, .unreachable, .lost, .copy, .hardware: Verdict(outcome: .aborted, exitCode: 102)
            case .exists: Verdict(outcome: nil, exitCode: 2)
            case .silence, .timeout: Verdict(outcome: .aborted, exitCode: 103)
            case .cancelled: Verdict(outcome: .aborted, exitCode: 130)
            }
        case is InvalidInput: Verdict(outcome: .crashed, exitCode: 1)
        case is CancellationError: Verdict(outcome: .aborted, exitCode: 130)
        default: Verdict(outcome: .crashed, exitCode: 1)
        }
    }
}
