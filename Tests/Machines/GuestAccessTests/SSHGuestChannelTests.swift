import AtollCommands
import AtollGuestAccess
import AtollSSH
import AtollTestSupport
import Foundation
import Testing

@Suite(.enabled(if: TestServer.hasOpenSSH, "needs /usr/sbin/sshd (openssh-server)"), .timeLimit(.minutes(1)))
struct SSHGuestChannelTests {
    private func channel(_ server: TestServer, key: KeyPair? = nil, hostKeys: HostKeyPolicy? = nil) -> SSHGuestChannel {
        SSHGuestChannel(
            .init(
                name: "vm-a", endpoint: server.endpoint, credentials: Credentials(user: TestServer.user, keys: [key ?? server.userKey]),
                hostKeys: hostKeys ?? server.known))
    }

    @Test func aGuestIsWaitedForByACommandThatRan() async throws {
        let server = try await TestServer.shared()
        let guest = channel(server)
        let reports = try await Readiness().wait(for: guest.requirements(patience: .seconds(20)))
        #expect(reports.map(\.lastSeen) == ["a command ran", "a command ran"])
        let (result, output, _) = try await guest.capture("echo $((6 * 7)); exit 4")
        #expect(result == CommandResult(code: 4))
        #expect(output == "42\n")
        await guest.close()
    }

    @Test func sightingsTellHowFarAnAttemptGot() async throws {
        let closed = SSHGuestChannel(
            .init(
                name: "vm-a", endpoint: Endpoint(host: "127.0.0.1", port: TestServer.freePort()), credentials: Credentials(),
                hostKeys: .acceptAny))
        #expect(await closed.probe(timeout: .seconds(5)).reached == .host)
        let server = try await TestServer.shared()
        let stranger = channel(server, key: try KeyPair.ed25519(comment: ""))
        let refused = await stranger.probe(timeout: .seconds(10))
        #expect(refused.reached == .port)
        #expect(!refused.isHopeless && refused.isRefused)
        // A guest that nothing gave our key is up when its ssh server refuses us; any other one is not.
        let reports = try await Readiness().wait(for: stranger.requirements(patience: .seconds(20), isLoginOurs: false))
        #expect(reports.last?.lastSeen.hasSuffix("nothing gave it our key") == true)
        await #expect(throws: GuestAccessError.self) {
            _ = try await Readiness().wait(for: stranger.requirements(patience: .seconds(2)), within: .seconds(2))
        }
        let unknown = await channel(server, hostKeys: .known(KnownHosts())).probe(timeout: .seconds(10))
        #expect(unknown.isHopeless)
    }

    @Test func aBrokenConnectionIsMadeAnew() async throws {
        let guest = channel(try await TestServer.shared())
        let error = await #expect(throws: GuestAccessError.self) { _ = try await guest.capture("kill -KILL $PPID; sleep 5") }
        #expect(error?.code == .unreachable)
        #expect(error?.message.hasPrefix("vm-a: ") == true)
        #expect(try await guest.capture("echo back").output == "back\n")
        await guest.close()
        #expect(try await guest.capture("echo again").output == "again\n")
        await guest.close()
    }

    @Test func callersThatComeTogetherShareOneConnection() async throws {
        let guest = channel(try await TestServer.shared())
        let parents = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 { group.addTask { try await guest.capture("echo $PPID").output } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(parents.count == 1)
        await guest.close()
    }

    @Test(arguments: [[], ["#Subsystem"]])
    func treesGoThereAndBackWithAndWithoutSFTP(_ options: [String]) async throws {
        let server = options.isEmpty ? try await TestServer.shared() : try await TestServer(.openSSH, options: options)
        let guest = channel(server)
        let workspace = try Workspace()
        try workspace.write("tree/a file's name", "one\n")
        let script = try workspace.write("tree/deep/er/run.sh", "#!/bin/sh\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        try FileManager.default.createDirectory(atPath: workspace.path + "/tree/empty", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: workspace.path + "/tree/loop", withDestinationPath: ".")
        try await guest.push(workspace.path + "/tree", to: workspace.path + "/there")
        try await guest.pull(workspace.path + "/there", to: workspace.path + "/back")
        for place in ["there", "back"] {
            let base = workspace.path + "/" + place
            #expect(try String(contentsOfFile: base + "/a file's name", encoding: .utf8) == "one\n")
            #expect(FileManager.default.isExecutableFile(atPath: base + "/deep/er/run.sh"))
            #expect(!FileManager.default.isExecutableFile(atPath: base + "/a file's name"))
            #expect(FileManager.default.fileExists(atPath: base + "/empty"))
        }
        try await guest.push(script, to: workspace.path + "/there")
        #expect(FileManager.default.isExecutableFile(atPath: workspace.path + "/there/run.sh"))
        let missing = await #expect(throws: GuestAccessError.self) { try await guest.pull("/no/such", to: workspace.path + "/x") }
        #expect(missing?.message.contains("/no/such") == true)
        await guest.close()
    }

    @Test func aScriptRunsOnPipesAndItsStatusIsOurs() async throws {
        let guest = channel(try await TestServer.shared())
        let workspace = try Workspace()
        let script = try workspace.write("s.sh", "echo from the script\nexit 6\n")
        let out = workspace.path + "/out"
        let descriptor = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { Glibc.close(descriptor); Glibc.close(null) }
        let streams = StandardStreams(input: null, output: descriptor, errors: null)
        #expect(try await guest.attach(.script(path: script), streams: streams) == 6)
        #expect(try String(contentsOfFile: out, encoding: .utf8) == "from the script\n")
        #expect(try await guest.attach(.line("exit 9"), streams: streams) == 9)
        await guest.close()
    }
}
