import AtollDirectives
import ArgumentParser
import AtollTaskRuns
import Foundation

/// A run as the store has it.
typealias StoredRun = (files: RunFiles, record: RunRecord)

/// Which runs a verb is about: one, or all that were started together with it.
struct RunSelection: ParsableArguments {
    @Flag(name: .customLong("all"), help: "All runs that were started together with it.") var all = false
    @Argument(help: "The run (default: the newest).", completion: .custom(RunCompletion.complete)) var run: String?

    func runs(in store: RunStore) throws -> [StoredRun] { all ? try store.together(with: run) : [try store.find(run)] }
}

/// Tab completion of runs.
enum RunCompletion {
    @Sendable static func complete(_ arguments: [String], _ index: Int, _ prefix: String) -> [String] {
        let environment = ProcessInfo.processInfo.environment
        guard let loaded = try? TaskSession.load(environment, share: try? Share.directory(environment), isLenient: true) else { return [] }
        let store = RunStore(directory: loaded.settings.artifactsdir)
        return ((try? store.runs()) ?? []).map(\.record.run).filter { $0.hasPrefix(prefix) }
    }
}
