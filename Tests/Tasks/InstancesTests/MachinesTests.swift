import AtollClaims
import AtollEnvironments
import AtollHostFakes
import AtollHostPorts
import AtollPlatform
import AtollSSH
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@testable import AtollInstances

/// What a run's VM takes of the host, and for how long.
@Suite struct MachinesTests {
    private let fake: FakeHost
    private let host: AtollEnvironments.Host
    private let claims: CapacityClaims

    init() throws {
        fake = try FakeHost()
        fake.world.withLock {
            $0.stored = []
            $0.refusal = EnvironmentError(.hostFailure, "nothing can be created on this host")
        }
        host = try fake.host()
        claims = CapacityClaims(root: fake.stateRoot)
    }

    private func vm(_ run: String, memory: Int = 1024) async throws -> VMInstance {
        let budget = CapacityBudget(memoryMiB: 2048, cpus: 8, diskBytes: 100 << 30, subnets: 8)
        return try await Machines(host: host, budget: { budget }).vm(
            VMRequest(run: run, image: .template("tiny"), memoryMiB: memory, cpus: 1), life: .seconds(3600), artifacts: "/nowhere",
            context: VerbContext(verb: "run"))
    }

    @Test("a VM that is gone gives its share back") func disposed() async throws {
        let vm = try await vm("gone")
        #expect(try claims.list().map(\.state) == [.granted])
        try await vm.dispose()
        #expect(try claims.list() == [])
    }

    @Test("a VM that is kept holds its share until it is cleared away, by name") func kept() async throws {
        let kept = try await vm("kept")
        try await kept.keep(until: Date(timeIntervalSinceNow: 3600), because: "FAILED")
        #expect(try claims.list().map(\.state) == [.leftBehind])
        #expect(try await Sweep(host: host).run().count == 1)
        #expect(try claims.list().map(\.wants.purpose) == ["kept"])
        #expect(try await Sweep(host: host).run(["kept"]) == [Sweep.Entry(run: "kept", outcome: .removed)])
        #expect(try Directories.list(fake.stateRoot.capacity).filter { $0.hasSuffix(".ticket") } == [])
    }

    @Test("a run that broke off without its cleaning up holds its share until gc") func abandoned() async throws {
        do { withExtendedLifetime(try await vm("lost")) {} }
        #expect(try claims.list().map(\.state) == [.leftBehind])
        // A process that another test starts holds copies of our descriptors until it has become what it is to be.
        #expect(try await eventually { try await Sweep(host: host).run() == [Sweep.Entry(run: "lost", outcome: .removed)] })
        #expect(try claims.list() == [])
    }

    @Test("two that clear away at once: what the other one has removed is no failure") func twice() async throws {
        let parent = RunDirectory.parent(fake.stateRoot)
        for round in 0..<20 {
            for number in 0..<4 {
                let record = RunDirectory.Record(run: "r\(round)-\(number)", expires: Date())
                try RunDirectory.create(record, root: fake.stateRoot).leave()
            }
            let host = host
            let entries = try await withThrowingTaskGroup(of: [Sweep.Entry].self) { group in
                for _ in 0..<3 { group.addTask { try await Sweep(host: host).run() } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let failed = entries.filter { if case .failed = $0.outcome { true } else { false } }
            #expect(failed == [])
        }
        #expect(try await eventually { try await Sweep(host: host).run() == [] })
        #expect(try Directories.list(parent) == [])
    }

    @Test("known hosts that are there but cannot be read are no empty ones") func knownHosts() throws {
        let home = fake.workspace.path + "/home"
        try Directories.make(home + "/.ssh")
        try AtomicFile.write(try KeyPair.ed25519(comment: "").privateText, to: home + "/.ssh/id_ed25519", mode: 0o600)
        func machine() throws -> RemoteInstance {
            try Machines.ssh(user: "root", host: "192.0.2.1", port: 22, keyPath: "", home: home, run: "r")
        }
        _ = try machine()
        try Directories.make(home + "/.ssh/known_hosts")
        var error = #expect(throws: DisposableError.self) { try machine() }
        #expect(error?.code == .unreachable && error?.message.contains("known_hosts: Is a directory") == true, "\(error as Any)")
        #expect(rmdir(home + "/.ssh/known_hosts") == 0 && mkfifo(home + "/.ssh/known_hosts", 0o600) == 0)
        error = #expect(throws: DisposableError.self) { try machine() }
        #expect(error?.message.contains("known_hosts is a pipe") == true, "\(error as Any)")
    }

    @Test("every known_hosts file of ssh counts, the system's too, and a refusal says what to remove") func knownHostsFiles() async throws {
        let server = try await TestServer.shared()
        let home = fake.workspace.path + "/home"
        try AtomicFile.write(server.userKey.privateText, to: fake.workspace.path + "/id", mode: 0o600)
        try Directories.make(home + "/.ssh")
        let system = fake.workspace.path + "/ssh_known_hosts"
        let name = "[127.0.0.1]:\(server.endpoint.port)"
        let (key, other) = (server.hostKey.publicKey.line, try KeyPair.ed25519(comment: "").publicKey.line)
        func refusal(_ texts: [String: String]) async throws -> String {
            let files = ["user": home + "/.ssh/known_hosts", "user2": home + "/.ssh/known_hosts2", "system": system]
            for (which, path) in files {
                unlink(path)
                if let text = texts[which] { try AtomicFile.write(text + "\n", to: path) }
            }
            let machine = try Machines.ssh(
                user: TestServer.user, host: "127.0.0.1", port: Int(server.endpoint.port), keyPath: fake.workspace.path + "/id", home: home,
                run: "r", patience: .seconds(20), systemKnownHosts: [system])
            do { try await machine.start() } catch let error as DisposableError { return error.message }
            return ""
        }
        #expect(try await refusal([:]).contains("no host key is known"))
        for which in ["user", "user2", "system"] {
            let refusal = try await refusal(["user": "\(name) \(key)"].merging([which: "\(name) \(key)\n@revoked * \(key)"]) { $1 })
            #expect(refusal.contains("is revoked") && refusal.contains("known_hosts"), "\(which): \(refusal)")
        }
        let changed = try await refusal(["user": "\(name) \(other)"])
        #expect(changed.contains("ssh-keygen -R '\(name)' -f \(home)/.ssh/known_hosts && ssh -p"), "\(changed)")
        let pattern = try await refusal(["user": "# mine\n[127.*]:* \(other)", "system": "\(name) \(other)"])
        #expect(pattern.contains("remove the old key at '\(home)/.ssh/known_hosts:2', '\(system):1'"), "\(pattern)")
    }

    @Test("a run that needs the room of one whose process is gone clears that one away first, and a kept one not") func reclaimed()
        async throws
    {
        do { withExtendedLifetime(try await vm("lost", memory: 1024)) {} }
        let kept = try await vm("kept", memory: 512)
        try await kept.keep(until: Date(timeIntervalSinceNow: 3600), because: "FAILED")
        let next = try await vm("next", memory: 1024)
        #expect(try claims.list().map(\.wants.purpose) == ["kept", "next"])
        #expect(!SystemCall.exists(RunDirectory.parent(fake.stateRoot) + "/lost"))
        try await next.dispose()
    }

    @Test("a run's name that is taken is refused at once, also when there is no room") func taken() async throws {
        let first = try await vm("r1", memory: 2048)
        let error = await #expect(throws: DisposableError.self) { try await vm("r1", memory: 2048) }
        #expect(error?.code == .exists)
        try await first.dispose()
    }

    @Test("memory in which no kernel boots is refused, not waited for") func tooLittle() async throws {
        let error = await #expect(throws: DisposableError.self) { try await vm("r1", memory: 1) }
        #expect(error?.code == .hardware)
        #expect(error?.message.contains("1 MiB of memory is less than the kernel of any distribution boots in (64 MiB)") == true)
    }
}
