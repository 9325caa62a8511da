import AtollDirectives
import ArgumentParser
import AtollModel
import AtollResults
import AtollTaskRuns

struct ResultsShowVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one run: its results, how it ended, where its artifacts are, and its VM if that is kept.",
        discussion: """
            Examples:
              atoll results show
              atoll results show --all
              atoll -f json results show 20260101_120000_123456
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var selection: RunSelection

    func execute(_ session: Session) async throws {
        let tasks = try TaskSession(session, isLenient: true)
        let runs = try selection.runs(in: tasks.store).map { run in
            (run: run, details: (try? ResultFile.read(run.files.results)) ?? [])
        }
        if session.format == .json {
            let documents = runs.map { RunDocument.value($0.run, $0.details, root: session.stateRoot) }
            guard selection.all else { return session.show(documents.first ?? .null) }
            let summary = RunSummary(runs.map(\.run.record))
            return session.show(["runs": .list(documents), "count": .int(summary.count), "well": .int(summary.well)])
        }
        let console = session.console
        for (run, details) in runs {
            let lines =
                selection.all
                ? Self.short(run.record, details, hasRemains: tasks.hasRemains(run.record.run)) : Self.whole(run, details, tasks)
            for line in lines { console.out(line) }
        }
        if selection.all {
            let outcomes = OutcomeSummary.text(runs.flatMap(\.details))
            console.out(RunSummary(runs.map(\.run.record)).text + (outcomes.isEmpty ? "" : "; \(outcomes)"))
        }
    }

    /// One of several runs.
    static func short(_ record: RunRecord, _ details: [CheckDetail], hasRemains: Bool) -> [String] {
        let note = record.note.map { ", " + SafeText.line($0.split(separator: "\n").first.map(String.init) ?? "") } ?? ""
        return [RunDocument.heading(record) + ": " + RunDocument.ending(record, hasRemains: hasRemains) + note]
            + [RunDocument.table(details)].compactMap(\.self)
            + [""]
    }

    private static func whole(_ run: StoredRun, _ details: [CheckDetail], _ tasks: TaskSession) -> [String] {
        let record = run.record
        var lines = [RunDocument.heading(record)] + [RunDocument.table(details)].compactMap(\.self)
        lines.append(
            [OutcomeSummary.text(details), RunDocument.ending(record, hasRemains: tasks.hasRemains(record.run))].filter { !$0.isEmpty }
                .joined(separator: "; "))
        if let note = record.note { lines.append(SafeText.lines(note)) }
        lines += record.warnings.map { "warning: \(SafeText.line($0))" }
        lines.append("artifacts: \(run.files.path)")
        lines += record.links?.lines.map(SafeText.line) ?? []
        return lines + (KeptMachine(record, root: tasks.session.stateRoot)?.lines ?? [])
    }
}
