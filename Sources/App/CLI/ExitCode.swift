import AtollDirectives
import ArgumentParser
import AtollModel
import AtollPlanning
package import AtollSettings
import AtollTaskRuns
import Glibc

/// A command line that makes no sense.
struct UsageError: UserFacingError, CustomStringConvertible {
    var description: String
    init(_ text: String) { description = text }
}

extension SettingsError: UserFacingError {}

/// A verb that did its work and ends with a code of its own: a guest command's, or a failed verification's.
struct VerbExit: Error {
    var code: Int32
}

/// A verb that a signal ended outside every plan: nothing of it was begun, or all of it was finished or taken back.
struct Interrupted: Error {
    var signal: Int32
}

/// The one place where errors become text and an exit code (spec 1.4).
enum Ending {
    /// 0 done, 1 an error nobody foresaw, 2 the user or the host can mend it, 128 + n interrupted by signal n.
    static func code(of error: any Error) -> Int32 {
        switch error {
        case let exit as VerbExit: return exit.code
        case let failure as PlanFailure:
            return failure.signal.map { 128 + $0 } ?? (failure.failed.allSatisfy { $0.error is any UserFacingError } ? 2 : 1)
        case let interrupted as Interrupted: return 128 + interrupted.signal
        case is CancellationError: return 128 + SIGINT
        // A run that cannot even be begun ends as one that broke so.
        case let error as TaskError: return Verdict.of(error).exitCode
        case is any UserFacingError: return 2
        default: return 1
        }
    }

    /// What to print on standard error, safe for a terminal; nil for an ending that needs no words.
    static func text(of error: any Error) -> String? { words(of: error).map(SafeText.lines) }

    private static func words(of error: any Error) -> String? {
        switch error {
        case is VerbExit: return nil
        case let invalid as InvalidInput: return invalid.description
        case let formula as FormulaFailure: return formula.description
        case let configuration as ConfigurationFailure: return configuration.description
        case let failure as PlanFailure: return describe(failure)
        case let interrupted as Interrupted: return "error: interrupted by \(name(ofSignal: interrupted.signal))"
        case is CancellationError: return "error: interrupted"
        default: return "error: \(error)"
        }
    }

    /// The last line of standard output with `-f json` when a changing verb did not reach its end.
    static func event(of error: any Error, verb: String) -> Value {
        let failure = error as? PlanFailure
        func titles(_ list: [String]?) -> Value { .list((list ?? []).map(Value.string)) }
        return [
            "event": "failed", "verb": .string(verb), "error": words(of: error).map { .string(bare($0)) } ?? .null,
            "code": .int(Int(code(of: error))),
            "signal": (failure?.signal ?? (error as? Interrupted)?.signal).map { .int(Int($0)) } ?? .null,
            "steps": titles(failure?.failed.map(\.title)), "undone": titles(failure?.undone), "kept": titles(failure?.kept),
            "remaining": titles(failure?.remaining),
        ]
    }

    /// Without the word that marks errors on a terminal.
    private static func bare(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.hasPrefix("error: ") ? $0.dropFirst("error: ".count) : $0 }
            .joined(separator: "\n")
    }

    private static func describe(_ failure: PlanFailure) -> String {
        var lines: [String] = []
        for failed in failure.failed {
            if let invalid = failed.error as? InvalidInput {
                lines.append(invalid.description)
            } else {
                lines.append("error: \(failed.title): \(failed.error)")
            }
        }
        if let signal = failure.signal { lines.append("error: \(failure.plan) was interrupted by \(name(ofSignal: signal))") }
        lines += failure.notUndone.map {
            "error: rollback of '\($0.title)' failed: \($0.error)\nhint: fix the cause, then run the same command again or atoll destroy"
        }
        if !failure.undone.isEmpty { lines.append("rolled back: \(failure.undone.joined(separator: "; "))") }
        if !failure.kept.isEmpty, failure.signal != nil { lines.append("kept: \(failure.kept.joined(separator: "; "))") }
        if !failure.remaining.isEmpty { lines.append("not done: \(failure.remaining.joined(separator: "; "))") }
        if failure.signal != nil {
            let isClean = failure.kept.isEmpty && failure.notUndone.isEmpty
            lines.append(
                isClean ? "hint: run the same command again to start over" : "hint: run the same command again to resume")
        }
        return lines.joined(separator: "\n")
    }

    private static func name(ofSignal number: Int32) -> String {
        [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"][number] ?? "signal \(number)"
    }
}
