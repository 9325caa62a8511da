import AtollCommands
import ArgumentParser
import AtollFormula
import AtollModel
import AtollPlanning
import AtollTaskRuns
import Foundation

struct RerunVerb: TaskVerb {
    static let configuration = CommandConfiguration(
        commandName: "rerun", abstract: "Run again what a run did, with the same arguments in the same directory.",
        usage: "atoll rerun [RUN] [--failed] [--dry-run]",
        discussion: """
            A run that would go elsewhere than it did then is refused; a formula or an image that has changed since is told.

            With --failed it is every run of the last command line (or of the named run's) that did not end with 0; when all did, nothing \
            is run and the exit code is 0, else it is the worst one's. The new runs say which ones they repeat, and count as started together.

            Examples:
              atoll rerun
              atoll rerun --failed
              atoll rerun --failed --dry-run
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("failed"), help: "All that failed of those started together.") var failed = false
    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Only say which commands would be run.") var dryRun = false
    var printsEvents: Bool { !dryRun }
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func execute(_ session: Session, stop: Overlord.Stop) async throws {
        let store = try TaskSession.forRuns(session).store
        let (_, named) = try store.find(run)
        var records = [named]
        if failed {
            records = try store.runs().map(\.record).filter { $0.invocation == named.invocation && $0.exitCode != 0 }.reversed()
            let running = records.filter { $0.state == .running }
            for record in running { session.console.err("\(record.run) has not ended, or was killed; it is run again too") }
            guard !records.isEmpty else { return session.console.err("nothing failed in \(named.invocation)") }
        }
        if dryRun { return preview(records, session) }
        // The repeated verbs have sessions of their own; signals are heard by this one.
        session.activity.began()
        defer { session.activity.ended() }
        var worst: Int32 = 0
        var repetitions: [RunRecord] = []
        let invocation = RunIdentifier.make(at: Date())
        for record in records where stop.gently.signal == nil {
            session.console.err("again: \(record.run), \(SafeText.line(record.title))")
            let before = try store.newest(repeating: record.run)?.run
            do { worst = max(worst, try await repeated(record, invocation, session, stop)) } catch {
                guard records.count > 1 else { throw error }
                // One that cannot be run any more is no reason to leave out the others.
                if let text = Ending.text(of: error) { session.console.err(text) }
                worst = max(worst, Ending.code(of: error))
            }
            if let repetition = try store.newest(repeating: record.run), repetition.run != before { repetitions.append(repetition) }
        }
        RunSummary(repetitions, of: records.count).show(session)
        if worst != 0 { throw VerbExit(code: worst) }
    }

    private func preview(_ records: [RunRecord], _ session: Session) {
        if session.format == .json {
            return session.show(
                .list(
                    records.map { record in
                        [
                            "repeats": .string(record.run), "directory": .string(record.request.directory),
                            "command": .list(record.request.words.map(Value.string)),
                        ]
                    }))
        }
        for record in records {
            session.console.out(
                "(cd \(ShellWord.joined([record.request.directory])) && \(ShellWord.joined(record.request.words)))")
        }
    }

    /// Runs the saved command line as a verb of its own, in this process: signals reach it as they reach this one.
    private func repeated(_ record: RunRecord, _ invocation: String, _ session: Session, _ stop: Overlord.Stop) async throws -> Int32 {
        var runtime = session.runtime
        runtime.workingDirectory = record.request.directory
        runtime.repeats = record.run
        runtime.invocation = invocation
        // As it was then, but for what is set now.
        let then = (record.request.environment ?? [:]).filter { runtime.environment[$0.key] == nil }.sorted { $0.key < $1.key }
        for (name, value) in then {
            session.console.err("with \(ShellWord.joined(["\(name)=\(value)"])), as then")
            runtime.environment[name] = value
        }
        let words = ArgumentNormalizer(verbs: VerbOptions.table).normalize(record.request.arguments)
        let command = try AtollCommand.parseAsRoot(words)
        guard let verb = command as? any TaskVerb, !(verb is RerunVerb) else {
            throw UsageError("the record of \(record.run) does not say how to run it again: \(ShellWord.joined(record.request.arguments))")
        }
        do {
            try await Runtime.$current.withValue(runtime) {
                let session = try Session(verb: record.request.verb, global: global.completed(by: verb.global), runtime: runtime)
                try await verb.execute(session, stop: stop)
            }
            return 0
        } catch let exit as VerbExit { return exit.code }
    }
}
