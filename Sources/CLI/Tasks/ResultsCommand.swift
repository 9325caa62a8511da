import ArgumentParser
import AtollInitFile
import AtollModel
import AtollPlatform
import AtollResults
import AtollTasks
import Foundation
import OrderedCollections

/// `atoll results`: the noun; its verbs are beside it.
struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "Look at what task runs found.",
        discussion: """
            A run is named by its uuid or any unique beginning of it; without a name it is the newest one.

            Examples:
              atoll results list
              atoll results show
              atoll results junit > r.xml
            """,
        subcommands: [ResultsListVerb.self, ResultsShowVerb.self, ResultsJUnitVerb.self, ResultsExportVerb.self, ResultsHTMLVerb.self])
}

/// Tab completion of runs.
enum RunCompletion {
    @Sendable static func complete(_ arguments: [String], _ index: Int, _ prefix: String) -> [String] {
        let environment = ProcessInfo.processInfo.environment
        guard let directory = try? TaskSession.artifactsDirectory(environment) else { return [] }
        return ((try? RunStore(directory: directory).runs()) ?? []).map(\.record.run).filter { $0.hasPrefix(prefix) }
    }
}

struct ResultsListVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List runs, the newest first.",
        discussion: """
            Examples:
              atoll results list
              atoll -f json results list --limit 5
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: .customLong("limit"), help: "At most so many (default: 20).") var limit: Positive?

    func execute(_ session: Session) async throws {
        let runs = try TaskSession(session).store.runs().prefix(limit?.value ?? 20)
        if session.format == .json { return session.show(.list(runs.map { RunDocument.value($0.record, files: $0.files) })) }
        if runs.isEmpty { return session.console.err("there is no run yet; make one with: atoll run tiny -- uname -a") }
        var table = TextTable(["RUN", "OUTCOME", "EXIT", "TIME", "ON", "WHAT"])
        for (_, record) in runs {
            table.add([
                record.run, record.outcome ?? (record.wasKilled ? "killed" : record.state == .running ? "running" : "-"),
                record.exitCode.map { "\($0)" } ?? "-",
                RunDocument.duration(record), record.target, SafeText.line(record.title),
            ])
        }
        session.console.out(table.text)
    }
}

struct ResultsShowVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one run: its results, how it ended, and where its artifacts are.",
        discussion: """
            Examples:
              atoll results show
              atoll -f json results show 20260101_120000_123456
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func execute(_ session: Session) async throws {
        let (files, record) = try TaskSession(session).store.find(run)
        let details = (try? ResultFile.read(files.results)) ?? []
        if session.format == .json {
            var document = RunDocument.value(record, files: files).members ?? [:]
            document["results"] = ResultJSON.value(details)["results"] ?? .list([])
            return session.show(.map(document))
        }
        let console = session.console
        console.out("\(record.run)  \(SafeText.line(record.title)) on \(record.target) (\(record.mode)), \(RunDocument.duration(record))")
        var table = TextTable(["OUTCOME", "CHECK", "ITEM", "NOTE"])
        for detail in details {
            table.add([
                detail.outcome.rawValue, SafeText.line(detail.checkname ?? "-"), SafeText.line(detail.item), SafeText.line(detail.note),
            ])
        }
        if !details.isEmpty { console.out(table.text) }
        let summary = OutcomeSummary.text(details)
        let exit =
            record.exitCode.map { "exit code \($0)" } ?? (record.wasKilled ? "killed; what it left goes with: atoll gc" : "still running")
        console.out([summary, exit].filter { !$0.isEmpty }.joined(separator: "; "))
        if let note = record.note { console.out(SafeText.lines(note)) }
        for warning in record.warnings { console.out("warning: \(SafeText.line(warning))") }
        console.out("artifacts: \(files.path)")
    }
}

struct ResultsJUnitVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "junit", abstract: "Print a run's results as JUnit XML.",
        discussion: """
            Example:
              atoll results junit > r.xml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func execute(_ session: Session) async throws { try RunDocument.print(\.junit, of: run, session) }
}

struct ResultsExportVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print a run's results as ResultYAML, or as JSON with -f json.",
        discussion: """
            Example:
              atoll results export > results.yml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func execute(_ session: Session) async throws {
        try RunDocument.print(session.format == .json ? \.resultsJSON : \.results, of: run, session)
    }
}

struct ResultsHTMLVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "html", abstract: "Print a run's report as HTML.",
        discussion: """
            Example:
              atoll results html > report.html
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func execute(_ session: Session) async throws { try RunDocument.print(\.report, of: run, session) }
}

/// A run's record as verbs print it.
enum RunDocument {
    static func value(_ record: RunRecord, files: RunFiles) -> Value {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        return [
            "run": .string(record.run), "invocation": .string(record.invocation), "repeats": text(record.repeats),
            "state": .string(record.wasKilled ? "killed" : record.state.rawValue), "title": .string(record.title),
            "mode": .string(record.mode),
            "target": .string(record.target), "item": text(record.item), "type": text(record.type), "outcome": text(record.outcome),
            "exit_code": record.exitCode.map { .int(Int($0)) } ?? .null, "note": text(record.note),
            "started": .string(record.started.formatted(.iso8601)), "finished": text(record.finished?.formatted(.iso8601)),
            "stages": .list(record.stages.map { ["name": .string($0.name), "seconds": .double($0.seconds)] }),
            "warnings": .list(record.warnings.map(Value.string)), "artifacts": .string(files.path),
        ]
    }

    static func duration(_ record: RunRecord) -> String {
        record.stages.isEmpty ? "-" : String(format: "%.1f s", record.stages.reduce(0) { $0 + $1.seconds })
    }

    static func print(_ file: KeyPath<RunFiles, String>, of run: String?, _ session: Session) throws {
        let (files, record) = try TaskSession(session).store.find(run)
        guard record.state == .finished else {
            let what = record.wasKilled ? "was killed before it could write its results" : "has not ended yet"
            throw UsageError("the run \(record.run) \(what); its log is \(files.log)")
        }
        session.console.write(try AtomicFile.read(files[keyPath: file], limit: 256 << 20), to: 1)
    }
}
