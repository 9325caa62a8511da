import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite struct RunStoreTests {
    private let workspace: Workspace
    private let store: RunStore
    private let now = Date(timeIntervalSince1970: 2_000_000_000)

    init() throws {
        workspace = try Workspace("atoll-runs")
        store = RunStore(directory: workspace.path + "/artifacts")
    }

    /// Writes a run that ended so many days ago; nil: it goes on.
    @discardableResult
    private func add(
        _ run: String, invocation: String? = nil, ended days: Double?, kept: Date? = nil, repeats: String? = nil
    ) throws -> RunFiles {
        let files = RunFiles(artifacts: store.directory, run: run)
        try Directories.make(files.own)
        var record = RunRecord(
            run: run, invocation: invocation ?? run, request: .init(verb: "run", arguments: [], directory: "/"), title: "t", mode: "local",
            target: "this machine", started: now.addingTimeInterval(-86400 * (days ?? 50)), pid: 1, version: "1")
        record.keptUntil = kept
        record.repeats = repeats
        if let days {
            record.state = .finished
            record.finished = now.addingTimeInterval(-86400 * days)
            record.exitCode = 0
        }
        try record.save(to: files)
        try AtomicFile.write("x", to: files.path + "/report.xml")
        return files
    }

    @Test func theNewestIsTheOneThatBeganLastAlsoInTheSameSecond() throws {
        try add("b", ended: 1 - 0.25 / 86400)
        let files = try add("a", ended: 1 - 0.75 / 86400)
        #expect(try store.find(nil).record.run == "a")
        // One of an earlier version has whole seconds.
        let text = try AtomicFile.text(files.record)
        try AtomicFile.write(text.replacing(/\.\d{3}Z/, with: "Z"), to: files.record)
        #expect(try store.find("a").record.finished == now.addingTimeInterval(-86400))
    }

    @Test func onlyOldRunsThatEndedAreDeleted() throws {
        for (run, days) in [("old", 40.0), ("older", 90), ("young", 29)] { try add(run, ended: days) }
        try add("running", ended: nil)
        try add("kept", ended: 40, kept: now.addingTimeInterval(60))
        try add("swept", ended: 40, kept: now.addingTimeInterval(-60))
        try add("busy", ended: 40)
        // None of ours: no record, one of another name, one behind a link, a file.
        try Directories.make(store.directory + "/photos/taskotron")
        let copy = try add("copy", ended: 40)
        #expect(rename(copy.path, store.directory + "/backup") == 0)
        #expect(rename(try add("elsewhere", ended: 40).path, workspace.path + "/elsewhere") == 0)
        #expect(symlink(workspace.path + "/elsewhere", store.directory + "/elsewhere") == 0)
        try AtomicFile.write("x", to: store.directory + "/notes.txt")
        let before = try Directories.list(store.directory)

        let sweep = ArtifactSweep(store, now: now) { $0 == "busy" }
        let planned = try sweep.run(olderThan: 30, dryRun: true)
        #expect(planned.map(\.files.run) == ["older", "old", "swept"] && planned.allSatisfy { $0.outcome == .removable })
        #expect(try Directories.list(store.directory) == before)
        #expect(try sweep.run(olderThan: 30).map(\.outcome) == [.removed, .removed, .removed])
        #expect(try Directories.list(store.directory) == before.filter { !["old", "older", "swept"].contains($0) })
        #expect(SystemCall.exists(workspace.path + "/elsewhere/report.xml"))
        #expect(try sweep.run(olderThan: 30).isEmpty)
    }

    @Test("a run that was killed is as old as its start, once nothing else of it is left") func killed() throws {
        for run in ["killed", "busy"] {
            let files = try add(run, ended: nil)
            var record = try RunRecord.read(files)
            // No process has that number.
            record.pid = .max
            try record.save(to: files)
        }
        let sweep = ArtifactSweep(store, now: now) { $0 == "busy" }
        #expect(try sweep.run(olderThan: 51).isEmpty)
        let entries = try sweep.run(olderThan: 49)
        #expect(entries.map(\.files.run) == ["killed"] && entries.allSatisfy { $0.wasKilled && $0.outcome == .removed })
        #expect(try Directories.list(store.directory) == ["busy"])
    }

    @Test func runsThatWereStartedTogetherAreInTheirOrder() throws {
        for number in [10, 2, 1] { try add("i-\(number)", invocation: "i", ended: 1) }
        try add("z", ended: 0, repeats: "i-2")
        #expect(try store.together(with: "i-2").map(\.record.run) == ["i-1", "i-2", "i-10"])
        #expect(try store.together(with: nil).map(\.record.run) == ["z"])
        #expect(try store.newest(repeating: "i-2")?.run == "z")
        #expect(try store.newest(repeating: "i-1") == nil)
    }

    @Test func theRecordKeepsHowToReachTheVM() throws {
        let files = try add("r", ended: 1)
        var record = try RunRecord.read(files)
        #expect(record.keptUntil == nil && record.login == nil)
        record.keptUntil = now
        record.login = "ssh root@192.168.200.9"
        try record.save(to: files)
        #expect(try RunRecord.read(files) == record)
    }
}
