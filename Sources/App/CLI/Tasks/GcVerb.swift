import AtollDirectives
import ArgumentParser
import AtollInstances
import AtollModel
import AtollPlatform
import AtollTaskRuns

struct GcVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what task runs left behind: VMs, processes and claims of runs that were killed, and kept VMs whose time is over.",
        usage: "atoll gc [RUN...] [--dry-run]\natoll gc --artifacts-older-than DAYS [--dry-run]",
        discussion: """
            Nothing of a run whose process lives is touched. Naming a run removes its VM although it was to be kept. Artifacts and results \
            stay, unless --artifacts-older-than asks for those of old runs to go as well: of runs that ended so long ago and whose VM is \
            not kept, and of nothing else in that directory.

            Examples:
              atoll gc
              atoll gc 20260101_120000_123456
              atoll gc --artifacts-older-than 30 --dry-run

            Exit codes: 0 done, also when there was nothing to do; 2 something could not be removed.
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Only say what would be removed.") var dryRun = false
    @Option(name: .customLong("artifacts-older-than"), help: "Delete the artifacts and results of runs that ended so many days ago.")
    var days: Positive?
    @Argument(help: "Runs whose VM is to go, kept or not (default: all that nobody needs).", completion: .custom(RunCompletion.complete))
    var runs: [String] = []
    var printsEvents: Bool { false }

    func execute(_ session: Session) async throws {
        if days != nil, !runs.isEmpty { throw UsageError("--artifacts-older-than is about all runs: name none") }
        // What is deleted for good has to lie where the settings really say.
        let tasks = try TaskSession(session, isLenient: days == nil)
        let local = tasks.settings.userTmpdir
        var entries = try await Blocking.run { [runs, dryRun] in try LocalSweep.run(local, runs, dryRun: dryRun) }
        // Somebody who may not look at VMs clears away what ran on this machine all the same.
        var trouble: (any Error)?
        do {
            let sweep = Sweep(host: try session.host(), note: { session.console.err($0) })
            entries = try await sweep.run(runs, dryRun: dryRun) + entries
        } catch { trouble = error }
        var rows = entries.map(Row.init)
        if let days {
            let sweep = ArtifactSweep(tasks.store) { [root = session.stateRoot] in KeptMachine.isOnHost($0, root) }
            rows += try await Blocking.run { [dryRun] in try sweep.run(olderThan: days.value, dryRun: dryRun) }.map(Row.init)
        }
        if rows.isEmpty, let trouble { throw trouble }
        for run in runs where trouble == nil && !entries.contains(where: { $0.run == run }) {
            throw UsageError("nothing of a run \(run) is on this host; see: atoll gc --dry-run")
        }
        Self.show(rows, session)
        if let trouble { throw trouble }
        if rows.contains(where: \.isFailure) { throw VerbExit(code: 2) }
    }

    static func show(_ rows: [Row], _ session: Session) {
        if session.format == .json { return session.show(.list(rows.map(\.document))) }
        for row in rows { session.console.out(row.line) }
        if rows.isEmpty { session.console.out("nothing to remove") }
    }
}

extension GcVerb {
    /// What became of one thing.
    struct Row {
        var run: String
        /// `run`: what it had on this host; `artifacts`: its artifacts and results.
        var what: String
        var word: String
        var note: String?
        var isFailure: Bool { word == "failed" }

        init(_ entry: Sweep.Entry) {
            run = entry.run
            what = "run"
            (word, note) =
                switch entry.outcome {
                case .removed: ("removed", nil)
                case .removable: ("would be removed", nil)
                case .inUse(let why): ("in use", why)
                case .failed(let why): ("failed", why)
                }
        }

        init(_ entry: ArtifactSweep.Entry) {
            run = entry.files.run
            what = "artifacts"
            let ended = entry.wasKilled ? "killed, started" : "ended"
            let found = "\(entry.files.path), \(ended) \(KeptMachine.time(entry.finished))"
            (word, note) =
                switch entry.outcome {
                case .removed: ("removed", found)
                case .removable: ("would be removed", found)
                case .failed(let why): ("failed", why)
                }
        }

        var line: String {
            "\(SafeText.line(run))  \(what == "artifacts" ? "artifacts " : "")\(word)\(note.map { ": \(SafeText.line($0))" } ?? "")"
        }

        var document: Value {
            ["run": .string(run), "what": .string(what), "outcome": .string(word), "note": note.map(Value.string) ?? .null]
        }
    }
}
