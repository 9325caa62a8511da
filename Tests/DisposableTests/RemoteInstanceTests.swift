import AtollDisposable
import AtollGuestAccess
import AtollPlatform
import AtollTestSupport
import Glibc
import Synchronization
import Testing

/// A guest that is this machine: every command line is given to a shell, as sshd does.
final class ShellChannel: GuestChannel {
    let name = "shell-guest"
    /// The PATH commands find; tests take programs away with it.
    let path: Mutex<String>
    let lines = Mutex<[String]>([])
    private let workspace: Workspace
    private let local: LocalInstance

    init(path: String = "/usr/bin:/bin") async throws {
        self.path = Mutex(path)
        workspace = try Workspace()
        local = LocalInstance(directory: workspace.path + "/own", environment: [:])
        try await local.start()
    }

    func probe(timeout: Duration) async -> Sighting { Sighting(reached: .command, words: "a command ran") }

    func run(_ command: String, input: CommandInput, timeout: Duration?, output: @escaping CommandOutput) async throws -> CommandResult {
        lines.withLock { $0.append(command) }
        let path = path.withLock { $0 }
        do {
            return try await local.run(
                InstanceCommand(.arguments(["/bin/sh", "-c", command]), environment: ["PATH": path], input: input), output: output)
        } catch let error as DisposableError where error.code == .cancelled {
            throw GuestAccessError(.cancelled, "interrupted")
        }
    }

    func attach(_ command: RemoteCommand, streams: StandardStreams) async throws -> Int32 { 0 }
    func push(_ local: String, to remote: String) async throws {
        _ = try await run("cp -rL \(local) \(remote)", input: .none, timeout: nil) { _, _ in }
    }
    func pull(_ remote: String, to local: String) async throws {
        _ = try await run("cp -rL \(remote) \(local)", input: .none, timeout: nil) { _, _ in }
    }
    func close() async {}
}

@Suite struct RemoteInstanceTests {
    private let workspace: Workspace
    private let channel: ShellChannel
    private let instance: RemoteInstance

    init() async throws {
        workspace = try Workspace()
        channel = try await ShellChannel()
        instance = RemoteInstance(name: "guest", run: "test-\(UInt32.random(in: 0 ... .max))", channel: channel, patience: .seconds(20))
        try await instance.start()
    }

    private func withInstance(_ body: () async throws -> Void) async throws {
        do { try await body() } catch {
            try await instance.dispose()
            throw error
        }
        try await instance.dispose()
        #expect(!SystemCall.exists(instance.ownDirectory))
    }

    @Test("check 64: the task's directory arrives as it is, with a link and an executable bit; what was there goes") func push()
        async throws
    {
        try await withInstance {
            let source = workspace.path + "/task"
            try workspace.write("task/run me.sh", "#!/bin/sh\n")
            chmod(source + "/run me.sh", 0o755)
            try workspace.write("task/deep/er/file", "text")
            try SymbolicLink.make(source + "/link", to: "run me.sh")
            let target = workspace.path + "/guest/taskdir"
            try workspace.write("guest/taskdir/old", "old")
            #expect(try await instance.push(contentsOf: source, to: target) == [])
            #expect(try Directories.list(target) == ["deep", "link", "run me.sh"])
            #expect(SymbolicLink.target(target + "/link") == "run me.sh")
            #expect(SystemCall.status(target + "/run me.sh").map { $0.st_mode & 0o777 } == 0o755)
            #expect(try AtomicFile.text(target + "/deep/er/file") == "text")
        }
    }

    @Test("a directory comes back, and nothing of it leaves the place it is put") func pull() async throws {
        try await withInstance {
            let source = workspace.path + "/artifacts"
            try workspace.write("artifacts/sub/a.txt", "kept")
            try SymbolicLink.make(source + "/out", to: "/etc/passwd")
            mkfifo(source + "/pipe", 0o600)
            let report = try await instance.pull(contentsOf: source, to: workspace.path + "/here", limits: TarLimits())
            #expect(try AtomicFile.text(workspace.path + "/here/sub/a.txt") == "kept")
            #expect(report.refused.map(\.name).sorted() == ["./out", "./pipe"])
            #expect(try Directories.list(workspace.path + "/here") == ["sub"])
        }
    }

    @Test("a directory that the task removed is missed by its name") func pullNothing() async throws {
        try await withInstance {
            let error = await #expect(throws: DisposableError.self) {
                try await instance.pull(contentsOf: workspace.path + "/gone", to: workspace.path + "/here", limits: TarLimits())
            }
            #expect(error?.code == .copy)
            #expect(error?.message.contains("copying \(workspace.path)/gone from guest") == true)
        }
    }

    @Test("a machine without tar is served too") func withoutTar() async throws {
        try await withInstance {
            let tools = workspace.path + "/bin"
            for name in ["sh", "cp", "rm", "mkdir", "cat"] {
                try Directories.make(tools)
                try SymbolicLink.make(tools + "/" + name, to: "/bin/" + name)
            }
            try workspace.write("task/file", "text")
            channel.path.withLock { $0 = tools }
            try await instance.push(contentsOf: workspace.path + "/task", to: workspace.path + "/taskdir")
            #expect(try AtomicFile.text(workspace.path + "/taskdir/file") == "text")
            channel.path.withLock { $0 = "/usr/bin:/bin" }
        }
    }

    @Test("a run of the same name on the machine is not taken over") func claimed() async throws {
        try await withInstance {
            let run = String(instance.ownDirectory.split(separator: "-").dropFirst().joined(separator: "-"))
            let other = RemoteInstance(name: "guest", run: run, channel: channel, patience: .seconds(20))
            let error = await #expect(throws: DisposableError.self) { try await other.start() }
            #expect(error?.message.contains("cannot be made") == true)
            try await other.dispose()
            #expect(SystemCall.exists(instance.ownDirectory))
        }
    }

    @Test("a machine that is gone ends its command with the reason") func lost() async throws {
        try await withInstance {
            let gone = RemoteInstance(
                name: "guest", run: "gone-\(UInt32.random(in: 0 ... .max))", channel: channel, patience: .seconds(20),
                liveness: { "guest is gone: its domain does not run any more" })
            try await gone.start()
            let error = await #expect(throws: DisposableError.self) {
                try await gone.run(InstanceCommand(.arguments(["sleep", "600"]))) { _, _ in }
            }
            #expect(error?.code == .lost)
            try await gone.dispose()
        }
    }
}
