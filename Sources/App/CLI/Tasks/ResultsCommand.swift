import ArgumentParser
import AtollClaims
import AtollModel
import AtollTaskRuns

/// `atoll results`: the noun; its verbs are beside it.
struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "Look at what task runs found.",
        discussion: """
            A run is named by its uuid or any unique beginning of it; without a name it is the newest one. With --all it is every run of \
            the command line that started it.

            Examples:
              atoll results list
              atoll results show --all
              atoll results junit > r.xml
            """,
        subcommands: [
            ResultsListVerb.self, ResultsShowVerb.self, ResultsJUnitVerb.self, ResultsExportVerb.self, ResultsHTMLVerb.self,
            ResultsRemoveVerb.self,
        ])
}

extension Session {
    /// Where runs have what they need beside their artifacts.
    var stateRoot: StateRoot { StateRoot(environment: runtime.environment) }
}

struct ResultsListVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List runs, the newest first.",
        discussion: """
            Where VMs of some runs are kept, a column says until when; atoll results show RUN says how to reach one.

            Examples:
              atoll results list
              atoll -f json results list --limit 5
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: .customLong("limit"), help: "At most so many (default: 20).") var limit: Positive?

    func execute(_ session: Session) async throws {
        let runs = try TaskSession(session, isLenient: true).store.runs().prefix(limit?.value ?? 20)
        if session.format == .json { return session.show(.list(runs.map { RunDocument.value($0, root: session.stateRoot) })) }
        if runs.isEmpty { return session.console.err("there is no run yet; make one with: atoll run tiny -- uname -a") }
        session.console.out(Self.table(runs.map { ($0.record, KeptMachine($0.record, root: session.stateRoot)) }))
    }

    static func table(_ runs: [(record: RunRecord, machine: KeptMachine?)]) -> String {
        let showsKept = runs.contains { $0.machine.map { $0.state != .gone } ?? false }
        var table = TextTable(["RUN", "OUTCOME", "EXIT", "TIME"] + (showsKept ? ["VM KEPT UNTIL"] : []) + ["ON", "ITEM", "WHAT"])
        for (record, machine) in runs {
            let kept = machine.map { $0.state == .gone ? "-" : KeptMachine.time($0.until) } ?? "-"
            table.add(
                [
                    record.run, record.outcome ?? (record.wasKilled ? "killed" : record.state == .running ? "running" : "-"),
                    record.exitCode.map { "\($0)" } ?? "-", RunDocument.duration(record),
                ] + (showsKept ? [kept] : []) + [record.target, record.item.map(SafeText.line) ?? "-", SafeText.line(record.title)])
        }
        return table.text
    }
}
