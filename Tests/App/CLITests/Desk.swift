import AtollDirectives
import ArgumentParser
import AtollClaims
import AtollModel
import AtollPlatform
import AtollResults
import AtollTaskRuns
import AtollTestSupport
import Foundation
import Glibc

@testable import AtollCLI

/// A session of somebody whose runs and settings lie in a workspace.
struct Desk {
    struct Unused: Error {}
    let workspace: Workspace
    let store: RunStore

    init() throws {
        workspace = try Workspace("atoll-desk")
        store = RunStore(directory: workspace.path + "/artifacts")
    }

    var root: StateRoot { StateRoot(path: workspace.path + "/state") }

    func session(_ words: [String] = [], _ environment: [String: String] = [:]) throws -> Session {
        let own = [
            "HOME": workspace.path, "XDG_CONFIG_DIRS": "/nonexistent", "ATOLL_STATE": root.path, "TASKOTRON_ARTIFACTSDIR": store.directory,
            "TASKOTRON_TMPDIR": workspace.path + "/tmp",
        ]
        let runtime = Runtime(
            environment: own.merging(environment) { $1 }, workingDirectory: workspace.path, makeHost: { _ in throw Unused() },
            makeCatalog: { _ in throw Unused() }, share: { "" }, examine: { _ in [] })
        return try Session(verb: "results show", global: try GlobalOptions.parse(words), runtime: runtime)
    }

    @discardableResult
    func add(
        _ run: String, invocation: String? = nil, exit: Int32? = 0, details: [CheckDetail] = [],
        _ change: (inout RunRecord) -> Void = { _ in }
    ) throws -> StoredRun {
        let files = RunFiles(artifacts: store.directory, run: run)
        try Directories.make(files.own)
        var record = RunRecord(
            run: run, invocation: invocation ?? run, request: .init(verb: "runtask", arguments: [], directory: "/"), title: "size-check",
            mode: "libvirt", target: "tiny", started: Date(timeIntervalSince1970: 1_900_000_000), pid: getpid(), version: "1")
        record.exitCode = exit
        if let exit {
            record.state = .finished
            record.finished = record.started.addingTimeInterval(2.5)
            record.outcome = details.map(\.outcome).max()?.rawValue
            if exit != 0 { record.note = "it broke" }
        }
        record.stages = [.init(name: "task", seconds: 2)]
        change(&record)
        try record.save(to: files)
        try AtomicFile.write(try ResultYAML.text(details), to: files.results)
        return (files, record)
    }
}
