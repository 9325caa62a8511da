import AtollTaskRuns
import AtollDirectives
import ArgumentParser
import AtollPlatform
import AtollResults
import Foundation

/// A verb that prints the results of runs in one of the forms that others read.
protocol ResultsPrintVerb: QueryVerb {
    var selection: RunSelection { get }
    /// The file that a run has of this form.
    func file(_ files: RunFiles, _ session: Session) -> String
    /// Several runs in one document.
    func document(of runs: [StoredRun], _ session: Session) throws -> String
}

extension ResultsPrintVerb {
    func execute(_ session: Session) async throws {
        let runs = try selection.runs(in: try TaskSession(session, isLenient: true).store)
        for (files, record) in runs where record.state != .finished && !(selection.all && record.wasKilled) {
            let what = record.wasKilled ? "was killed before it could write its results" : "has not ended yet"
            throw UsageError("the run \(record.run) \(what); its log is \(files.log)")
        }
        if !selection.all, let run = runs.first {
            return session.console.write(try AtomicFile.read(file(run.files, session), limit: 256 << 20), to: 1)
        }
        session.console.write(Array(try document(of: runs, session).utf8), to: 1)
    }
}

struct ResultsJUnitVerb: ResultsPrintVerb {
    static let configuration = CommandConfiguration(
        commandName: "junit", abstract: "Print a run's results as JUnit XML.",
        discussion: """
            With --all it is one document with a test suite for each run; a run that broke or was killed without any result is an error in \
            it.

            Examples:
              atoll results junit > r.xml
              atoll results junit --all > r.xml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var selection: RunSelection

    func file(_ files: RunFiles, _ session: Session) -> String { files.junit }

    func document(of runs: [StoredRun], _ session: Session) throws -> String {
        try JUnitReport.write(
            runs: try runs.map { run in
                let record = run.record
                return (
                    try BrokenRun.details(run),
                    JUnitReport.Options(
                        name: "\(record.run) \(record.title)", check: record.check, artifactsURL: record.links?.artifacts,
                        timestamp: record.started.formatted(.iso8601), seconds: record.stages.reduce(0) { $0 + $1.seconds })
                )
            }, name: runs.first?.record.invocation ?? "atoll")
    }
}

/// Results of a run that had no time to write any. Silence would look as if it had gone well.
enum BrokenRun {
    static func details(_ run: StoredRun) throws -> [CheckDetail] {
        let record = run.record
        let details = try ResultFile.read(run.files.results)
        guard details.isEmpty, record.exitCode != 0 else { return details }
        let reason = record.note ?? (record.wasKilled ? "the run was killed" : "the run ended with exit code \(record.exitCode ?? -1)")
        return [
            CheckDetail.broken(
                [1, 101].contains(record.exitCode) ? .crashed : .aborted, item: record.item ?? record.title,
                type: record.item == nil ? "task" : record.type, checkname: record.check ?? record.title, reason: reason)
        ]
    }
}

struct ResultsExportVerb: ResultsPrintVerb {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print a run's results as ResultYAML, or as JSON with -f json.",
        discussion: """
            With --all the results of all the runs are one list.

            Examples:
              atoll results export > results.yml
              atoll -f json results export --all
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var selection: RunSelection

    func file(_ files: RunFiles, _ session: Session) -> String { session.format == .json ? files.resultsJSON : files.results }

    func document(of runs: [StoredRun], _ session: Session) throws -> String {
        let details = try runs.flatMap(BrokenRun.details)
        return session.format == .json ? ResultJSON.text(details) : try ResultYAML.text(details)
    }
}

struct ResultsHTMLVerb: ResultsPrintVerb {
    static let configuration = CommandConfiguration(
        commandName: "html", abstract: "Print a run's report as HTML.",
        discussion: """
            With --all it is one page about all the runs, whose links lead from the artifacts directory.

            Examples:
              atoll results html > report.html
              atoll results html --all > /var/lib/taskotron/artifacts/index.html
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var selection: RunSelection

    func file(_ files: RunFiles, _ session: Session) -> String { files.report }

    func document(of runs: [StoredRun], _ session: Session) throws -> String {
        try HTMLReport.render(
            runs: try runs.map { run in
                var options = HTMLReport.Options(
                    title: RunDocument.heading(run.record) + ": " + RunDocument.ending(run.record, hasRemains: false))
                options.artifactsDirectory = run.files.path
                options.base = run.record.run
                return (try ResultFile.read(run.files.results), options)
            }, title: runs.first?.record.invocation ?? "Results")
    }
}
