import ArgumentParser
import AtollDisposable
import AtollModel
import AtollPlatform
import AtollSettings

struct GcVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what task runs left behind: VMs, processes and claims of runs that were killed, and kept VMs whose time is over.",
        usage: "atoll gc [RUN...] [--dry-run]",
        discussion: """
            Nothing of a run whose process lives is touched. Naming a run removes its VM although it was to be kept.

            Examples:
              atoll gc
              atoll gc 20260101_120000_123456
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("dry-run"), help: "Only say what would be removed.") var dryRun = false
    @Argument(help: "Runs whose VM is to go, kept or not (default: all that nobody needs).") var runs: [String] = []
    var printsEvents: Bool { false }

    func execute(_ session: Session) async throws {
        let local = try TaskSession(session).settings.userTmpdir
        var entries = try await Blocking.run { [runs, dryRun] in try LocalSweep.run(local, runs, dryRun: dryRun) }
        // Somebody who may not look at VMs clears away what ran on this machine all the same.
        var trouble: (any Error)?
        do {
            let sweep = Sweep(host: try session.host(), note: { session.console.err($0) })
            entries = try await sweep.run(runs, dryRun: dryRun) + entries
        } catch { trouble = error }
        if entries.isEmpty, let trouble { throw trouble }
        for run in runs where trouble == nil && !entries.contains(where: { $0.run == run }) {
            throw UsageError("nothing of a run \(run) is on this host; see: atoll gc --dry-run")
        }
        if session.format == .json {
            session.show(
                .list(
                    entries.map { entry in
                        let (word, note) = Self.words(entry.outcome)
                        return ["run": .string(entry.run), "outcome": .string(word), "note": note.map(Value.string) ?? .null]
                    }))
        } else {
            for entry in entries {
                let (word, note) = Self.words(entry.outcome)
                session.console.out("\(entry.run)  \(word)\(note.map { ": \($0)" } ?? "")")
            }
            if entries.isEmpty { session.console.out("nothing to remove") }
        }
        if let trouble { throw trouble }
        if entries.contains(where: { if case .failed = $0.outcome { true } else { false } }) { throw VerbExit(code: 2) }
    }

    private static func words(_ outcome: Sweep.Entry.Outcome) -> (String, String?) {
        switch outcome {
        case .removed: ("removed", nil)
        case .removable: ("would be removed", nil)
        case .inUse(let why): ("in use", why)
        case .failed(let why): ("failed", why)
        }
    }
}
