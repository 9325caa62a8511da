import ArgumentParser
import AtollPlatform
import AtollTaskRuns

struct ResultsRemoveVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Delete the artifacts and results of runs.",
        usage: "atoll results remove RUN... [--all] [--dry-run]",
        discussion: """
            A run that goes on, or that has left something on this host such as a kept VM, is refused: atoll gc RUN takes that away first. \
            For all old runs at once see atoll gc --artifacts-older-than.

            Examples:
              atoll results remove 20260101_120000_123456
              atoll results remove --all --dry-run 20260101_120000_123456
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("all"), help: "All runs that were started together with them.") var all = false
    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Only say what would be removed.") var dryRun = false
    @Argument(help: "The runs.", completion: .custom(RunCompletion.complete)) var runs: [String]

    func execute(_ session: Session) async throws {
        // What is deleted for good has to lie where the settings really say.
        let tasks = try TaskSession(session)
        var named: [StoredRun] = []
        for run in runs {
            // A name that is cut short is good enough to look, not to delete.
            let one = try tasks.store.find(exactly: run)
            for found in all ? try tasks.store.together(with: run) : [one]
            where !named.contains(where: { $0.files == found.files }) { named.append(found) }
        }
        for (_, record) in named {
            if record.state == .running, !record.wasKilled { throw UsageError("the run \(record.run) has not ended") }
            guard !tasks.hasRemains(record.run) else {
                throw UsageError("something of the run \(record.run) is on this host still; take it away with: atoll gc \(record.run)")
            }
        }
        let rows = try await Blocking.run { [dryRun, named] in
            named.map { GcVerb.Row(ArtifactSweep.remove($0.files, $0.record, dryRun: dryRun)) }
        }
        GcVerb.show(rows, session)
        if rows.contains(where: \.isFailure) { throw VerbExit(code: 2) }
    }
}
