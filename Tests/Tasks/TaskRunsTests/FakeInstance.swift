import AtollCommands
import AtollArchive
import AtollInstances
import AtollFormula
import AtollPlatform
import AtollTestSupport
import Foundation
import Synchronization

@testable import AtollDirectives
@testable import AtollTaskRuns

/// An instance that runs nothing: it notes every command, and answers as it is told.
final class FakeInstance: Instance {
    typealias Answer = (code: Int32, output: String)

    let name = "the fake"
    let kind: InstanceKind
    let ownDirectory = "/var/tmp/fake"
    let loginCommand: String? = nil
    private let answer: @Sendable (String) -> Answer
    private let noted = Mutex<[InstanceCommand]>([])

    /// - Parameter answer: to a command's words (or its script), joined with spaces.
    init(_ kind: InstanceKind = .libvirt, answer: @escaping @Sendable (String) -> Answer = { _ in (0, "") }) {
        self.kind = kind
        self.answer = answer
    }

    var commands: [InstanceCommand] { noted.withLock { $0 } }
    /// Every command in one line; scripts as they are.
    var lines: [String] { commands.map(\.line) }

    func start() async throws {}
    func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        noted.withLock { $0.append(command) }
        let (code, text) = answer(command.line)
        if !text.isEmpty { try output(.output, Array(text.utf8)) }
        return CommandResult(code: code)
    }
    func push(_ source: CopySource, to directory: String) async throws -> [String] { [] }
    func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport { TarReport() }
    func consoleTail() async -> String { "" }
    func dispose() async throws {}
}

extension InstanceCommand {
    var line: String {
        switch program {
        case .arguments(let words): words.joined(separator: " ")
        case .script(let text): text
        }
    }
}

/// A fake that takes its time, and whose artifacts are as it is told.
final class SlowInstance: Instance {
    private let inner: FakeInstance
    private let wait: @Sendable (String) async -> Void
    private let artifacts: @Sendable (String, TarLimits) throws -> TarReport

    init(
        _ inner: FakeInstance = FakeInstance(),
        artifacts: @escaping @Sendable (String, TarLimits) throws -> TarReport = { _, _ in TarReport() },
        wait: @escaping @Sendable (String) async -> Void = { _ in }
    ) {
        self.inner = inner
        self.artifacts = artifacts
        self.wait = wait
    }

    var name: String { inner.name }
    var kind: InstanceKind { inner.kind }
    var ownDirectory: String { inner.ownDirectory }
    var loginCommand: String? { nil }
    func start() async throws {}
    func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        await wait(command.line)
        return try await inner.run(command, output: output)
    }
    func push(_ source: CopySource, to directory: String) async throws -> [String] { [] }
    func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport { try artifacts(local, limits) }
    func consoleTail() async -> String { "" }
    func dispose() async throws {}
}

/// The local instance, with every command noted.
final class NotingInstance: Instance {
    private let inner: LocalInstance
    private let noted = Mutex<[InstanceCommand]>([])

    init(_ inner: LocalInstance) { self.inner = inner }

    var commands: [InstanceCommand] { noted.withLock { $0 } }
    var name: String { inner.name }
    var kind: InstanceKind { inner.kind }
    var ownDirectory: String { inner.ownDirectory }
    var loginCommand: String? { inner.loginCommand }

    func start() async throws { try await inner.start() }
    func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        noted.withLock { $0.append(command) }
        return try await inner.run(command, output: output)
    }
    func push(_ source: CopySource, to directory: String) async throws -> [String] {
        try await inner.push(source, to: directory)
    }
    func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport {
        try await inner.pull(contentsOf: directory, to: local, limits: limits)
    }
    func consoleTail() async -> String { "" }
    func dispose() async throws { try await inner.dispose() }
}

/// Lines from several threads.
final class Lines: Sendable {
    private let kept = Mutex<[String]>([])
    func add(_ line: String) { kept.withLock { $0.append(line) } }
    var all: [String] { kept.withLock { $0 } }
    var text: String { all.joined(separator: "\n") }
}

/// A task's directory and the places of its runs, gone with the object.
final class TaskBench: Sendable {
    let workspace: Workspace
    static let environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]

    init() throws { workspace = try Workspace("atoll-task") }

    var directory: String { workspace.path + "/task" }

    struct Run {
        var record: RunRecord
        var files: RunFiles
        /// The log as people see it, down to debug.
        var log: String
        var output: String
        var commands: [InstanceCommand]

        func text(_ name: String) throws -> String { try AtomicFile.text(files.path + "/" + name) }
        func has(_ name: String) -> Bool { SystemCall.exists(files.path + "/" + name) }
    }

    func file(_ name: String, _ text: String, mode: UInt32 = 0o644) throws {
        try AtomicFile.write(text, to: try workspace.write("task/" + name, ""), mode: mode)
    }

    func arguments(
        _ task: String, item: String? = nil, overrides: [String] = [], configure: (inout RunArguments.Original) -> Void = { _ in }
    ) throws -> RunArguments {
        var original = RunArguments.Original(task: task)
        original.item = item
        original.type = item == nil ? nil : "koji_build"
        original.overrides = overrides
        original.uuid = "run1"
        original.local = true
        configure(&original)
        return try RunArguments.process(
            original, currentDirectory: directory, artifactsRoot: workspace.path + "/artifacts", date: Date(), defaultMode: .local)
    }

    /// Runs a formula on this machine, whole: log, results, record.
    func run(
        formula text: String? = nil, path: String = "t.yml", item: String? = nil, overrides: [String] = [],
        reporting: ReportingOptions = ReportingOptions(), packages: PackagePreparation = PackagePreparation(),
        environment: [String: String] = TaskBench.environment
    ) async throws -> Run {
        if let text { try file(path, text) }
        let arguments = try arguments(path, item: item, overrides: overrides)
        let work = FormulaWork(
            formula: try Formula.load(arguments.task), arguments: arguments,
            directives: .standard(reporting: reporting, environment: environment), packages: packages, reporting: reporting)
        let (lines, output) = (Lines(), Lines())
        let log = RunLog(consoleLevel: .debug) { lines.add($0) }
        let overlord = Overlord(policy: Overlord.Policy(), log: log) { output.add(String(decoding: $1, as: UTF8.self)) }
        let instance = NotingInstance(LocalInstance(directory: workspace.path + "/own", environment: environment))
        let files = RunFiles(path: arguments.artifactsdir)
        let record = try await overlord.run(
            work, record: Self.record(arguments), files: files, forwarded: arguments.forwarded, makeInstance: { instance })
        return Run(record: record, files: files, log: lines.text, output: output.all.joined(), commands: instance.commands)
    }

    /// A session over any instance, for what needs no overlord.
    func session(_ instance: any Instance, log: Lines = Lines()) throws -> RunSession {
        let files = RunFiles(path: workspace.path + "/artifacts/run1")
        try Directories.make(files.own)
        return RunSession(
            instance: instance, files: files, log: RunLog(consoleLevel: .debug) { log.add($0) }, taskDirectory: "/var/tmp/task",
            artifactsDirectory: "/var/tmp/artifacts", workDirectory: "/var/tmp/work", silence: .seconds(900), forwarded: [],
            environment: [:], output: try OutputSink(path: files.output) { _, _ in }, limits: TarLimits())
    }

    static func record(_ arguments: RunArguments) -> RunRecord {
        RunRecord(
            run: arguments.uuid, invocation: "i", request: .init(verb: "runtask", arguments: [], directory: "/"), title: "t", mode: "local",
            target: "this machine", started: Date(), pid: 1, version: "1")
    }
}

/// ResultYAML with one result for each outcome, checknames `a.b`.
func results(_ outcomes: String..., check: String = "t") -> String {
    "results:\n" + outcomes.map { "  - {item: foo-1-1, type: koji_build, checkname: \(check), outcome: \($0)}\n" }.joined()
}
