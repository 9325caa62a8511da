import AtollCommands
import AtollArchive
import AtollGuestAccess
import AtollPlatform
import AtollTestSupport
import Glibc
import Synchronization
import Testing

@testable import AtollInstances

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

/// Breaks the first commands off, then says `ready` and keeps what it reads.
private final class BreakingChannel: GuestChannel {
    let name = "breaking"
    let heard = Mutex<[String]>([])
    private let left: Mutex<Int>

    init(after count: Int) { left = Mutex(count) }

    func probe(timeout: Duration) async -> Sighting { Sighting(reached: .nothing, words: "nobody") }

    func run(_ command: String, input: CommandInput, timeout: Duration?, output: @escaping CommandOutput) async throws -> CommandResult {
        heard.withLock { $0.append("") }
        let breaks = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard !breaks, case .descriptor(let reading) = input else { throw GuestAccessError(.unreachable, "broken") }
        try output(.output, Array("ready\n".utf8))
        return try await Blocking.run {
            var buffer = [UInt8](repeating: 0, count: 256)
            while true {
                let count = read(reading, &buffer, buffer.count)
                if count <= 0 { return CommandResult(code: 0) }
                let text = String(decoding: buffer[..<count], as: UTF8.self)
                self.heard.withLock { $0[$0.count - 1] += text }
            }
        }
    }

    func attach(_ command: RemoteCommand, streams: StandardStreams) async throws -> Int32 { 0 }
    func push(_ local: String, to remote: String) async throws {}
    func pull(_ remote: String, to local: String) async throws {}
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
            #expect(try await instance.push(CopySource(source), to: target) == [])
            #expect(try Directories.list(target) == ["deep", "link", "run me.sh"])
            #expect(SymbolicLink.target(target + "/link") == "run me.sh")
            #expect(SystemCall.status(target + "/run me.sh").map { $0.st_mode & 0o777 } == 0o755)
            #expect(try AtomicFile.text(target + "/deep/er/file") == "text")
        }
    }

    @Test("what is excluded stays here; a tree that cannot have room is refused before a byte of it is copied") func pushLess() async throws
    {
        try await withInstance {
            let source = workspace.path + "/task"
            try workspace.write("task/a", "a")
            try workspace.write("task/.git/b", "b")
            let huge = try workspace.write("task/huge", "")
            #expect(truncate(huge, 1 << 42) == 0)
            let target = workspace.path + "/guest/taskdir"
            let error = await #expect(throws: DisposableError.self) { try await instance.push(CopySource(source), to: target) }
            #expect(error?.code == .copy)
            #expect(error?.message.contains("\(source) has 4 TiB, and guest has room for ") == true)
            #expect(error?.message.hasSuffix("leave out what the task does not need: --exclude PATTERN") == true)
            #expect(try Directories.list(target) == [])
            try await instance.push(CopySource(source, excluding: [".git", "/huge"]), to: target)
            #expect(try Directories.list(target) == ["a"])
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
            try workspace.write("task/left/out", "text")
            let tools = workspace.path + "/bin"
            for name in ["sh", "cp", "rm", "mkdir", "cat"] {
                try Directories.make(tools)
                try SymbolicLink.make(tools + "/" + name, to: "/bin/" + name)
            }
            try workspace.write("task/file", "text")
            channel.path.withLock { $0 = tools }
            try await instance.push(
                CopySource(workspace.path + "/task", excluding: ["left"]), to: workspace.path + "/taskdir")
            #expect(try AtomicFile.text(workspace.path + "/taskdir/file") == "text")
            #expect(try Directories.list(workspace.path + "/taskdir") == ["file"])
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

    /// Debian's sh, others' sh, and the tiny template's.
    static let shells = [["dash"], ["bash"], ["busybox", "sh"]].filter {
        access("/bin/" + $0[0], X_OK) == 0 || access("/usr/bin/" + $0[0], X_OK) == 0
    }

    @Test("a command is ended with everything it started, whatever the machine's shell", arguments: shells)
    func ended(shell: [String]) async throws {
        try await withInstance {
            let mark = workspace.path + "/child"
            let shim = Shim(path: instance.ownDirectory + "/shim")
            func line(_ words: [String]) -> String { Shim.line(shell + words.dropFirst()) }
            let script = InstanceCommand(.script(""))
            let text = "\(shell.joined(separator: " ")) -c 'echo $$ > \(mark); exec sleep 600' & wait"
            let command = Task { [channel, line = line(shim.words(script, number: 1))] in
                try await channel.run(line, input: .bytes(Array(text.utf8)), timeout: nil) { _, _ in }
            }
            #expect(await eventually { !((try? AtomicFile.text(mark)) ?? "").isEmpty })
            let child = try #require(pid_t(try AtomicFile.text(mark).split(separator: "\n").first.map(String.init) ?? ""))
            let end = try await channel.run(line(shim.endWords(number: 1)), input: .none, timeout: nil) { _, _ in }
            #expect(end.succeeded)
            guard await eventually(within: .seconds(3), { kill(child, 0) != 0 || LocalInstanceTests.isZombie(child) }) else {
                command.cancel()
                Issue.record("\(child) lives")
                return
            }
            #expect(try await command.value.code == 143)
        }
    }

    @Test("the guard of a run whose process died ends its commands and removes what is the run's, and nothing else", arguments: shells)
    func orphaned(shell: [String]) async throws {
        try await withInstance {
            let (task, mark) = (workspace.path + "/taskdir with spaces", workspace.path + "/child")
            try workspace.write("task/file", "text")
            try await instance.push(CopySource(workspace.path + "/task"), to: task)
            let script = "sh -c 'echo $$ > \(mark); exec sleep 600' & wait"
            let command = Task { try await instance.run(InstanceCommand(.script(script))) { _, _ in } }
            #expect(await eventually { !((try? AtomicFile.text(mark)) ?? "").isEmpty })
            let child = try #require(pid_t(try AtomicFile.text(mark).split(separator: "\n").first.map(String.init) ?? ""))
            // The number of a command that ended long ago is another process's by now: this one's.
            try AtomicFile.write("\(getpid()) \(getpid()) 1\n", to: instance.ownDirectory + "/77.pid")
            try await orphan(["also " + task, "also relative", "half a li"], shell: shell)
            guard await eventually(within: .seconds(3), { kill(child, 0) != 0 || LocalInstanceTests.isZombie(child) }) else {
                command.cancel()
                Issue.record("\(child) lives")
                return
            }
            #expect(try await command.value.code == 143)
            #expect(!SystemCall.exists(instance.ownDirectory) && !SystemCall.exists(task))
            #expect(SystemCall.exists(workspace.path + "/task/file"))
        }
    }

    @Test("what a command left running in a session of its own is ended too", arguments: shells) func stragglers(shell: [String])
        async throws
    {
        try await withInstance {
            let mark = workspace.path + "/child"
            let script = "setsid sh -c 'echo $$ > \(mark); exec sleep 600' > /dev/null 2>&1 < /dev/null & true"
            _ = try await instance.run(InstanceCommand(.script(script))) { _, _ in }
            #expect(await eventually { !((try? AtomicFile.text(mark)) ?? "").isEmpty })
            let child = try #require(pid_t(try AtomicFile.text(mark).split(separator: "\n").first.map(String.init) ?? ""))
            try await orphan([], shell: shell)
            #expect(await eventually(within: .seconds(3)) { kill(child, 0) != 0 || LocalInstanceTests.isZombie(child) })
        }
    }

    @Test("a guard that lost its own connection alone waits for as long as that of the commands stands") func standing() async throws {
        try await withInstance {
            let mark = workspace.path + "/server"
            let server = Task { [channel] in
                try await channel.run("echo $$ > \(mark); exec sleep 600", input: .none, timeout: nil) { _, _ in }
            }
            #expect(await eventually { !((try? AtomicFile.text(mark)) ?? "").isEmpty })
            let pid = try #require(pid_t(try AtomicFile.text(mark).split(separator: "\n").first.map(String.init) ?? ""))
            let born = try #require(
                try AtomicFile.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ").dropFirst(19).first)
            try AtomicFile.write("1 1 0 \(pid) \(born)\n", to: instance.ownDirectory + "/1.pid")
            let guarding = Task { try await orphan([]) }
            #expect(await !eventually(within: .milliseconds(1500)) { !SystemCall.exists(instance.ownDirectory) })
            kill(pid, SIGKILL)
            _ = try? await server.value
            try await guarding.value
            #expect(!SystemCall.exists(instance.ownDirectory))
        }
    }

    @Test("what a task mounted in its directory is taken off, and what is on it stays", .enabled(if: geteuid() == 0), arguments: shells)
    func mounted(shell: [String]) async throws {
        try workspace.write("victim/file", "kept")
        try workspace.write("own place/root/x", "")
        try AtomicFile.write(Shim.text, to: workspace.path + "/shim")
        let (own, victim) = ("'\(workspace.path)/own place'", "\(workspace.path)/victim")
        let text = """
            mount --bind \(victim) \(own)/root || exit 9
            \(shell.joined(separator: " ")) \(workspace.path)/shim --clear \(own) || exit 8
            cat \(victim)/file; [ ! -e \(own) ] && echo ' gone'
            """
        let result = try await Tool.output("unshare", ["-m", "sh", "-c", text])
        #expect(result.status == 0 && result.standardOutput == "kept gone\n", "\(result)")
        try await instance.dispose()
    }

    @Test("a guard that is done, or that another one followed, leaves everything as it is") func relieved() async throws {
        try await withInstance {
            try await orphan(["also " + workspace.path, "done"])
            #expect(SystemCall.exists(instance.ownDirectory) && SystemCall.exists(workspace.path))
            // While it waits for its input to end, the next one takes its place.
            try await orphan(["also " + workspace.path]) {
                try AtomicFile.write("1\n", to: instance.ownDirectory + "/guard")
            }
            #expect(SystemCall.exists(instance.ownDirectory) && SystemCall.exists(workspace.path))
        }
    }

    /// Runs a guard to its end, with these lines for input, of which the last may be broken off.
    private func orphan(_ lines: [String], shell: [String] = ["sh"], ready: @Sendable @escaping () throws -> Void = {}) async throws {
        let pipe = try Pipe()
        let bytes = Array(lines.map { $0 == lines.last && $0.hasPrefix("half") ? $0 : $0 + "\n" }.joined().utf8)
        let writing = pipe.writing
        let line = Shim.line(shell + Shim(path: instance.ownDirectory + "/shim").guardWords(grace: 0).dropFirst())
        let result = try await channel.run(line, input: .descriptor(pipe.reading), timeout: nil) { _, output in
            #expect(String(decoding: output, as: UTF8.self) == "ready\n")
            try ready()
            write(writing, bytes, bytes.count)
            close(writing)
        }
        close(pipe.reading)
        #expect(result.succeeded)
    }

    @Test("a run on a machine that stays has a guard there, which goes with it and is told what was copied") func guarded() async throws {
        let second = try await ShellChannel()
        let watched = RemoteInstance(
            name: "guest", run: "guarded-\(UInt32.random(in: 0 ... .max))", channel: channel, patience: .seconds(20), guarded: second)
        try await watched.start()
        #expect(SystemCall.exists(watched.ownDirectory + "/guard"))
        let pid = try #require(
            pid_t(try AtomicFile.text(watched.ownDirectory + "/guard").split(separator: "\n").first.map(String.init) ?? ""))
        try workspace.write("task/file", "text")
        try await watched.push(CopySource(workspace.path + "/task"), to: workspace.path + "/taskdir")
        try await watched.dispose()
        #expect(!SystemCall.exists(watched.ownDirectory) && kill(pid, 0) != 0)
        try await instance.dispose()
    }

    @Test("a guard whose connection broke is started anew and told again; a machine that has none costs no run") func broken() async throws
    {
        let flaky = BreakingChannel(after: 1)
        let lifeline = Lifeline(flaky, line: "guard")
        lifeline.tell("also /a")
        await lifeline.begin(patience: .seconds(30))
        lifeline.tell("also /b")
        #expect(await eventually { flaky.heard.withLock { $0.last } == "also /a\nalso /b\n" })
        await lifeline.end(isDone: true)
        #expect(flaky.heard.withLock { $0 } == ["", "also /a\nalso /b\ndone\n"])
        let mute = Lifeline(BreakingChannel(after: .max), line: "guard")
        await mute.begin(patience: .milliseconds(30))
        await mute.end(isDone: true)
        try await instance.dispose()
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

@Suite struct RoomTests {
    @Test("room is read from df's words, whatever stands around them")
    func room() {
        func free(_ line: String) -> String? { RemoteInstance.freeKiB(line[...]).map { "\($0.device) \($0.free)" } }
        #expect(free("/dev/vda1 240000 100000 140000 42% /") == "/dev/vda1 140000")
        #expect(free("//srv/my share   240000 100000 140000 42% /mnt/my share") == "//srv/my share 140000")
        // ramfs, and what is no such line.
        #expect(free("x 0 0 0 - /mnt") == nil && free("none 0 0 0 0% /mnt") == nil && free("df: no such file") == nil && free("") == nil)
    }
}
