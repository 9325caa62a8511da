import AtollCommands
import AtollInstances
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct LocalInstanceTests {
    private let workspace: Workspace
    private let instance: LocalInstance

    init() async throws {
        workspace = try Workspace()
        instance = LocalInstance(directory: workspace.path + "/own", environment: ["PATH": "/usr/bin:/bin", "LEFT": "alone"])
        try await instance.start()
    }

    private func text(_ command: InstanceCommand) async throws -> (code: Int32, output: String) {
        let (result, output, _) = try await instance.capture(command)
        return (result.code, String(decoding: output, as: UTF8.self))
    }

    @Test("arguments reach a command untouched, whatever is in them") func arguments() async throws {
        let odd = ["a b", "$HOME", "'", "\"", "line\nline", "", "--", "*"]
        let found = try await text(InstanceCommand(.arguments(["printf", "<%s>"] + odd)))
        #expect(found.output == odd.map { "<\($0)>" }.joined())
    }

    @Test("check 65: an item with spaces and quotes survives the shim, and what is forwarded is there") func forwarded() async throws {
        let item = "it's \"odd\" $(touch /tmp/never) item"
        let words = ["--arch", "x86_64", "--debug", "--item", item, "--jobid", "b/1", "--type", "koji_build", "--uuid", "U1"]
        let script =
            "printf '%s|%s|%s|%s|%s' \"$TASKOTRON_ITEM\" \"$TASKOTRON_TYPE\" \"$TASKOTRON_ARCH\" \"$TASKOTRON_UUID\" \"$TASKOTRON_DEBUG\""
        let found = try await text(InstanceCommand(.script(script), forwarded: words))
        #expect(found.output == "\(item)|koji_build|x86_64|U1|1")
    }

    @Test("a command finds its directory, its variables and those of the machine") func surroundings() async throws {
        let command = InstanceCommand(
            .arguments(["sh", "-c", "pwd; echo \"$ADDED $LEFT\""]), directory: workspace.path, environment: ["ADDED": "two words"])
        let found = try await text(command)
        #expect(found.output == "\(workspace.path)\ntwo words alone\n")
    }

    @Test("a script stops at the first command that fails, also inside a pipe") func scripts() async throws {
        let found = try await text(InstanceCommand(.script("echo one\nfalse | cat\necho two")))
        #expect(found.output == "one\n")
        #expect(found.code == 1)
    }

    @Test("exit codes and signals come back; a command that is not there is 127") func endings() async throws {
        #expect(try await text(InstanceCommand(.arguments(["sh", "-c", "exit 7"]))).code == 7)
        #expect(try await text(InstanceCommand(.arguments(["no-such-program-here"]))).code == 127)
        let (result, _, _) = try await instance.capture(InstanceCommand(.arguments(["sh", "-c", "kill -TERM $$"])))
        #expect(result == CommandResult(code: 143, signal: "TERM"))
    }

    @Test("a directory that cannot be entered is the shim's own exit code, with words") func noDirectory() async throws {
        let (result, _, errors) = try await instance.capture(InstanceCommand(.arguments(["true"]), directory: "/no/such/place"))
        #expect(result.code == 125)
        #expect(errors.contains("cannot enter /no/such/place"))
    }

    @Test("cancelling ends the command with everything it started") func cancelling() async throws {
        let mark = workspace.path + "/child"
        let command = InstanceCommand(.arguments(["sh", "-c", "sh -c 'echo $$ > \(mark); exec sleep 600' & wait"]))
        let task = Task { [instance] in try await instance.run(command) { _, _ in } }
        #expect(await eventually { !((try? AtomicFile.text(mark)) ?? "").isEmpty })
        let child = try #require(pid_t(try AtomicFile.text(mark).trimmingCharacters(in: .whitespacesAndNewlines)))
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(await eventually { kill(child, 0) != 0 || Self.isZombie(child) })
    }

    @Test("what a command leaves running does not keep its caller waiting") func stragglers() async throws {
        let began = ContinuousClock.now
        let found = try await text(InstanceCommand(.arguments(["sh", "-c", "sleep 600 & echo started"])))
        #expect(found.output == "started\n")
        #expect(began.duration(to: .now) < .seconds(20))
    }

    @Test("a flood from what a command left running does not keep its caller waiting either") func floodingStragglers() async throws {
        let began = ContinuousClock.now
        let command = InstanceCommand(.arguments(["sh", "-c", "yes & exit 3"]), timeout: .seconds(30))
        #expect(try await instance.run(command) { _, _ in }.code == 3)
        #expect(began.duration(to: .now) < .seconds(20))
    }

    @Test("check 67: silence for the limit ends the command") func silence() async throws {
        let command = InstanceCommand(.arguments(["sh", "-c", "echo on; sleep 600"]), silence: .milliseconds(300))
        let error = await #expect(throws: DisposableError.self) { try await instance.run(command) { _, _ in } }
        #expect(error?.code == .silence)
    }

    @Test("check 68: output every now and then for longer than the limit does not time out") func notSilent() async throws {
        let script = "i=0; while [ $i -lt 12 ]; do echo $i; i=$((i+1)); sleep 0.4; done"
        let found = try await text(InstanceCommand(.arguments(["sh", "-c", script]), silence: .seconds(4)))
        #expect(found.code == 0)
        #expect(found.output.split(separator: "\n").count == 12)
    }

    @Test("a command that takes too long in all is ended") func timeout() async throws {
        let command = InstanceCommand(.arguments(["sh", "-c", "while :; do echo on; sleep 0.05; done"]), timeout: .milliseconds(300))
        let error = await #expect(throws: DisposableError.self) { try await instance.run(command) { _, _ in } }
        #expect(error?.code == .timeout)
    }

    @Test("much output passes through whole, binary too, and what is kept has a limit") func muchOutput() async throws {
        let count = Mutex(0)
        let command = InstanceCommand(.arguments(["head", "-c", "50000000", "/dev/zero"]))
        _ = try await instance.run(command) { _, bytes in count.withLock { $0 += bytes.count } }
        #expect(count.withLock { $0 } == 50_000_000)
        let (_, kept, _) = try await instance.capture(command, limit: 1000)
        #expect(kept == [UInt8](repeating: 0, count: 1000))
    }

    @Test("input reaches a command byte for byte") func input() async throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let (_, output, _) = try await instance.capture(InstanceCommand(.arguments(["cat"]), input: .bytes(bytes)))
        #expect(output == bytes)
    }

    @Test("its own directory is its user's alone and goes with it") func ownDirectory() async throws {
        #expect(SystemCall.status(instance.ownDirectory).map { $0.st_mode & 0o777 } == 0o700)
        try await instance.dispose()
        try await instance.dispose()
        #expect(!SystemCall.exists(instance.ownDirectory))
    }

    static func isZombie(_ process: pid_t) -> Bool {
        let status = (try? AtomicFile.text("/proc/\(process)/stat")) ?? ""
        return status.isEmpty || status.split(separator: ")").last?.contains(" Z ") == true
    }
}
