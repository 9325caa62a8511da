import AtollCommands
import AtollArchive
import AtollInstances
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollResults
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

/// A machine that fails where it is told, and notes what was done with it.
private final class StagedInstance: KeepableInstance {
    let name = "the machine"
    let kind = InstanceKind.libvirt
    let ownDirectory = "/var/tmp/staged"
    let loginCommand: String? = "ssh root@192.168.200.9"
    let startError: DisposableError?
    let pullError: DisposableError?
    let pushError: DisposableError?
    let notes = Mutex<[String]>([])

    init(startError: DisposableError? = nil, pullError: DisposableError? = nil, pushError: DisposableError? = nil) {
        self.pushError = pushError
        self.startError = startError
        self.pullError = pullError
    }

    var log: [String] { notes.withLock { $0 } }
    private func note(_ text: String) { notes.withLock { $0.append(text) } }

    func start() async throws {
        note("start")
        if let startError { throw startError }
    }
    func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        if command.program == .arguments(["echo"]) {
            for piece in ["said: hun", "ter", "2, hunter"] { try output(.output, Array(piece.utf8)) }
        }
        return CommandResult(code: 0)
    }
    func push(_ source: CopySource, to directory: String) async throws -> [String] {
        if let pushError { throw pushError }
        return []
    }
    func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport {
        note("pull")
        if let pullError { throw pullError }
        return TarReport()
    }
    func consoleTail() async -> String { "the console's last words\n" }
    func dispose() async throws { note("dispose") }
    func keep(until expires: Date, because reason: String) async throws { note("keep: \(reason)") }
}

/// Work that does what a test says.
private struct ScriptedWork: TaskWork {
    var title = "scripted"
    var localDirectory: String?
    var subject: (item: String?, type: String?, checkname: String) = ("foo-1-1", "koji_build", "scratch.scripted")
    var flaw: DisposableError?
    var body: @Sendable (RunSession) async throws -> Int32
    func check() throws { if let flaw { throw flaw } }
    func perform(_ session: RunSession) async throws -> Int32 { try await body(session) }
}

@Suite struct OverlordTests {
    private let workspace: Workspace
    private let lines = Lines()

    init() throws { workspace = try Workspace("atoll-overlord") }

    private var files: RunFiles { RunFiles(artifacts: workspace.path, run: "r1") }

    private func run(
        on machine: StagedInstance, policy: Overlord.Policy = Overlord.Policy(), stop: Overlord.Stop = Overlord.Stop(),
        secrets: [String] = [], directory: String? = nil, item: String? = "foo-1-1",
        work: @escaping @Sendable (RunSession) async throws -> Int32 = { _ in 0 }
    ) async throws -> RunRecord {
        let log = RunLog(secrets: secrets) { [lines] in lines.add($0) }
        log.recall(warning: "shown before there was a log")
        log.debug("before the log was configured")
        let record = RunRecord(
            run: "r1", invocation: "r1", request: .init(verb: "runtask", arguments: [], directory: "/"), title: "scripted",
            mode: "libvirt", target: "tiny", started: Date(), pid: 1, version: "1")
        let overlord = Overlord(policy: policy, log: log, stop: stop) { _, _ in }
        var scripted = ScriptedWork(localDirectory: directory, body: work)
        if item == nil { scripted.subject = (nil, nil, "scratch.scripted") }
        return try await overlord.run(scripted, record: record, files: files) { machine }
    }

    private var results: [CheckDetail] { get throws { try ResultFile.read(files.results) } }

    @Test("a run that goes well leaves a record, and its machine goes") func well() async throws {
        let machine = StagedInstance()
        let record = try await run(on: machine)
        #expect(record.exitCode == 0)
        #expect(record.state == .finished)
        #expect(machine.log == ["start", "pull", "dispose"])
        #expect(try RunRecord.read(files).stages == record.stages)
        #expect(try AtomicFile.text(files.console) == "the console's last words\n")
        #expect(record.stages.map(\.name) == ["machine", "push", "task", "collect", "cleanup"])
    }

    @Test("check 10: the log has what was said before it was configured, in UTC") func earlyLines() async throws {
        _ = try await run(on: StagedInstance())
        let text = try AtomicFile.text(files.log)
        let line = try #require(text.split(separator: "\n").first { $0.contains("before the log was configured") })
        let now = Date().formatted(.iso8601.year().month().day())
        #expect(line.contains("] \(now) "))
        #expect(line.contains(" DEBUG "))
        #expect(text.contains("WARNING  shown before there was a log\n") && !lines.text.contains("shown before"))
        #expect(try RunRecord.read(files).warnings == ["shown before there was a log"])
    }

    @Test("warnings of a run that never came up are in its record, a hundred of them at most") func warnings() async throws {
        let record = try await run(on: StagedInstance(startError: DisposableError(.boot, "x"))) { _ in 0 }
        #expect(record.warnings.count == 1)
        let log = RunLog(secrets: ["hunter2"]) { _ in }
        for number in 1...102 { log.warning("hunter2 \(number)") }
        #expect(log.warnings.count == 101 && log.warnings[0] == "******** 1" && log.warnings[100].hasPrefix("and 2 more"))
    }

    @Test("check 11: without --debug the console is short, the file has everything") func levels() async throws {
        _ = try await run(on: StagedInstance())
        #expect(!lines.text.contains("DEBUG"))
        #expect(lines.all.allSatisfy { $0.hasPrefix("[atoll] ") })
        #expect(try AtomicFile.text(files.log).contains("DEBUG"))
    }

    @Test("a machine that does not come up is ABORTED, 102, and is taken away") func noBoot() async throws {
        let machine = StagedInstance(startError: DisposableError(.boot, "it never answered"))
        let record = try await run(on: machine)
        #expect(record.exitCode == 102)
        #expect(machine.log == ["start", "dispose"])
        let detail = try #require(try results.first)
        #expect(detail.outcome == .aborted)
        #expect(detail.note == "it never answered")
        #expect(detail.checkname == "scratch.scripted")
    }

    @Test(
        "what breaks a run decides its outcome and exit code",
        arguments: [
            (TaskError(.directive, "x") as any Error, Outcome.crashed, Int32(101), Int32(1)),
            (TaskError(.noResults, "x"), .crashed, 101, 1), (TaskError(.remote, "x"), .aborted, 102, 1),
            (TaskError(.timeout, "x"), .aborted, 103, 1), (DisposableError(.silence, "x"), .aborted, 103, 1),
            (DisposableError(.lost, "x"), .aborted, 102, 1), (TaskError(.permission, "x"), .crashed, 1, 1),
        ]) func verdicts(error: any Error, outcome: Outcome, code: Int32, legacy: Int32) async throws
    {
        #expect(Verdict.of(error) == Verdict(outcome: outcome, exitCode: code))
        #expect(Verdict.of(error, legacy: true).exitCode == legacy)
        #expect(Verdict.of(error, signal: SIGTERM) == Verdict(outcome: .aborted, exitCode: 143))
    }

    @Test("results that came before the run broke are kept beside the one for the breaking") func partial() async throws {
        _ = try await run(on: StagedInstance()) { session in
            session.take([CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .passed, checkname: "scratch.scripted.sub")])
            throw TaskError(.directive, "the second half fell over")
        }
        #expect(try results.map(\.outcome) == [.passed, .crashed])
    }

    @Test("a result of the run's own check stays whole beside the one for the breaking") func keptWhole() async throws {
        var found = CheckDetail(
            item: "foo-1-1", type: "koji_build", outcome: .failed, note: "real", checkname: "scratch.scripted", artifact: "x.log")
        found.resultsDBID = 7
        let record = try await run(on: StagedInstance()) { [found] session in
            session.take([found], isFinal: true)
            throw TaskError(.directive, "a later action broke")
        }
        #expect(try results.map(\.outcome) == [.failed, .crashed] && record.outcome == "CRASHED")
        #expect(try results.first == found)
        // What the task says itself need not be said again.
        try Directories.removeTree(files.path)
        _ = try await run(on: StagedInstance()) { session in
            session.take([CheckDetail(item: "foo-1-1", outcome: .aborted, note: "own", checkname: "scratch.scripted")])
            throw TaskError(.directive, "and ended")
        }
        #expect(try results.map(\.note) == ["own"])
    }

    @Test("a run about no item that breaks has a result about its task") func noItem() async throws {
        _ = try await run(on: StagedInstance(), item: nil) { _ in throw TaskError(.timeout, "too slow:\nline\nlast words") }
        let detail = try #require(try results.first)
        #expect(detail.item == "scripted" && detail.type == "task" && detail.outcome == .aborted)
        #expect(detail.note == "too slow: last words")
        #expect(try AtomicFile.text(files.junit).contains("errors=\"1\""))
    }

    @Test("what takes long says so at intervals, and no longer") func heartbeat() async throws {
        let beat = Heartbeat(interval: .milliseconds(5), log: RunLog { [lines] in lines.add($0) })
        let heard = await beat.during("packages: installing") {
            await eventually { lines.text.contains("packages: installing: ") }
        }
        #expect(heard)
    }

    @Test("check 70: artifacts that cannot be fetched do not hide the task's own failure") func pullFails() async throws {
        let machine = StagedInstance(pullError: DisposableError(.copy, "no way back"))
        let record = try await run(on: machine) { _ in throw TaskError(.directive, "the task's failure") }
        #expect(record.exitCode == 101)
        #expect(record.note == "the task's failure")
        #expect(machine.log == ["start", "pull", "dispose"])
        #expect(lines.text.contains("no way back"))
    }

    @Test("a good task whose artifacts cannot be fetched is ABORTED: nobody would miss them otherwise") func pullFailsAfterSuccess()
        async throws
    {
        let machine = StagedInstance(pullError: DisposableError(.copy, "no way back"))
        let record = try await run(on: machine) { _ in 0 }
        #expect(record.exitCode == 102)
        #expect(record.outcome == "ABORTED")
        #expect(record.note == "no way back")
        let own = try await {
            try Directories.removeTree(files.path)
            return try await run(on: StagedInstance(pullError: DisposableError(.copy, "no way back"))) { _ in 3 }
        }()
        #expect(own.exitCode == 3)
    }

    @Test("a task that removes its run's directory does not take the results with it") func removedDirectory() async throws {
        let path = files.path
        let record = try await run(on: StagedInstance()) { _ in
            try Directories.removeTree(path)
            return 0
        }
        #expect(record.exitCode == 0)
        #expect(try RunRecord.read(files).exitCode == 0)
        #expect(SystemCall.exists(files.results))
    }

    @Test("results that cannot be written are trouble, not success") func unwritableResults() async throws {
        let own = files.own
        let record = try await run(on: StagedInstance()) { _ in
            try Directories.removeTree(own)
            try AtomicFile.write("in the way", to: own, mode: 0o644)
            return 0
        }
        #expect(record.exitCode == 102)
    }

    @Test("a machine is kept only when asked for, and only then") func keeping() async throws {
        let failed = StagedInstance()
        _ = try await run(on: failed, policy: Overlord.Policy(keepOn: .failure)) { _ in 3 }
        #expect(failed.log == ["start", "pull", "keep: exit code 3"])
        #expect(lines.text.contains("ssh root@192.168.200.9"))
        try Directories.removeTree(files.path)
        let well = StagedInstance()
        _ = try await run(on: well, policy: Overlord.Policy(keepOn: .failure))
        #expect(well.log.last == "dispose")
    }

    @Test("a machine that is up is kept too when the task could not be copied there; one that never came up is not") func keptEarly()
        async throws
    {
        let full = StagedInstance(pushError: DisposableError(.copy, "no space left"))
        let record = try await run(on: full, policy: Overlord.Policy(keepOn: .always), directory: workspace.path)
        #expect(record.exitCode == 102 && record.keptUntil != nil)
        #expect(full.log.last?.hasPrefix("keep") == true)
        let absent = StagedInstance(startError: DisposableError(.boot, "it never answered"))
        #expect(try await OverlordTests().run(on: absent, policy: Overlord.Policy(keepOn: .always)).keptUntil == nil)
        #expect(absent.log.last == "dispose")
    }

    @Test("check 73: --no-destroy keeps the machine and says how to reach it") func noDestroy() async throws {
        let machine = StagedInstance()
        let record = try await run(on: machine, policy: Overlord.Policy(keepOn: .always))
        #expect(machine.log.last == "keep: exit code 0")
        #expect(record.login == "ssh root@192.168.200.9")
        #expect(abs(try #require(record.keptUntil).timeIntervalSinceNow - 7200) < 60)
        #expect(lines.text.contains("ssh root@192.168.200.9"))
        #expect(lines.text.contains("atoll gc r1"))
    }

    @Test("check 74: a signal ends the work; what there is is fetched and the machine goes") func interrupted() async throws {
        let machine = StagedInstance()
        let stop = Overlord.Stop()
        let record = try await run(on: machine, policy: Overlord.Policy(keepOn: .always), stop: stop) { _ in
            stop.gently.request(signal: SIGTERM)
            try await Task.sleep(for: .seconds(600))
            return 0
        }
        #expect(record.exitCode == 143)
        #expect(machine.log == ["start", "pull", "dispose"])
        #expect(try results.first?.outcome == .aborted)
    }

    @Test("check 74: a second signal skips the fetching, never the cleaning up") func interruptedTwice() async throws {
        let machine = StagedInstance()
        let stop = Overlord.Stop()
        _ = try await run(on: machine, stop: stop) { _ in
            stop.gently.request(signal: SIGTERM)
            stop.atOnce.request(signal: SIGTERM)
            try await Task.sleep(for: .seconds(600))
            return 0
        }
        #expect(machine.log == ["start", "dispose"])
    }

    @Test("a task that takes too long in all is ABORTED, 103") func timeout() async throws {
        let record = try await run(on: StagedInstance(), policy: Overlord.Policy(timeout: .milliseconds(100))) { _ in
            try await Task.sleep(for: .seconds(600))
            return 0
        }
        #expect(record.exitCode == 103)
        #expect(try results.first?.outcome == .aborted)
    }

    @Test("secrets appear nowhere") func secrets() async throws {
        let record = try await run(on: StagedInstance(), secrets: ["hunter2"]) { session in
            session.log.info("the token is hunter2")
            _ = try await session.run(InstanceCommand(.arguments(["echo"])))
            // Half a secret, where what is logged of a command ends, is one too.
            _ = try await session.run(InstanceCommand(.script(String(repeating: "x", count: 1986) + " hunter2")))
            session.take([CheckDetail(item: "i", type: "t", outcome: .passed, note: "with hunter2", checkname: "c")])
            throw TaskError(.remote, "401 for hunter2")
        }
        #expect(record.note == "401 for ********")
        #expect(try AtomicFile.text(files.output) == "said: ********, hunter")
        for name in try Directories.list(files.own) {
            #expect(
                !(try AtomicFile.text(files.own + "/" + name)).replacing("said: ********, hunter", with: "").contains("hunter"), "\(name)")
        }
        #expect(!lines.text.contains("hunter2"))
    }

    @Test("check 71: artifacts of a run of that name are left alone") func taken() async throws {
        _ = try await run(on: StagedInstance())
        let before = try AtomicFile.text(files.record)
        let error = await #expect(throws: DisposableError.self) { try await run(on: StagedInstance()) }
        #expect(error?.code == .exists)
        #expect(try AtomicFile.text(files.record) == before)
    }

    @Test("a run is found by the beginning of its name, the newest without one") func store() async throws {
        _ = try await run(on: StagedInstance())
        let store = RunStore(directory: workspace.path)
        #expect(try store.find(nil).record.run == "r1")
        #expect(try store.find("r").record.run == "r1")
        let error = #expect(throws: TaskError.self) { try store.find("x") }
        #expect(error?.message.contains("r1") == true)
    }
}
