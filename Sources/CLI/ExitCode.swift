import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlanning

/// A command line that makes no sense.
struct UsageError: Error, CustomStringConvertible {
    var description: String
    init(_ text: String) { description = text }
}

/// A verb that did its work and ends with a code of its own: a guest command's, or a failed verification's.
struct VerbExit: Error {
    var code: Int32
}

/// The one place where errors become text and an exit code (spec 1.4).
enum Ending {
    /// 0 done, 1 an error nobody foresaw, 2 the user or the host can mend it, 128 + n interrupted by signal n.
    static func code(of error: any Error) -> Int32 {
        switch error {
        case let exit as VerbExit: return exit.code
        case let failure as PlanFailure: return failure.signal.map { 128 + $0 } ?? 2
        case is PlanDefect: return 1
        case is CancellationError: return 130
        default: return 2
        }
    }

    /// What to print on standard error; nil for an ending that needs no words.
    static func text(of error: any Error) -> String? {
        switch error {
        case is VerbExit: return nil
        case let invalid as InvalidInput: return invalid.description
        case let failure as PlanFailure: return text(of: failure)
        case is CancellationError: return "error: interrupted"
        default: return "error: \(error)"
        }
    }

    private static func text(of failure: PlanFailure) -> String {
        var lines: [String] = []
        for failed in failure.failed {
            if let invalid = failed.error as? InvalidInput {
                lines.append(invalid.description)
            } else {
                lines.append("error: \(failed.title): \(failed.error)")
            }
        }
        if let signal = failure.signal { lines.append("error: \(failure.plan) was interrupted by signal \(signal)") }
        lines += failure.notUndone.map { "error: could not take back: \($0.title): \($0.error); run: atoll destroy" }
        if !failure.undone.isEmpty { lines.append("taken back: \(failure.undone.joined(separator: "; "))") }
        if !failure.kept.isEmpty, failure.signal != nil { lines.append("done and kept: \(failure.kept.joined(separator: "; "))") }
        if !failure.remaining.isEmpty { lines.append("not done: \(failure.remaining.joined(separator: "; "))") }
        return lines.joined(separator: "\n")
    }
}
