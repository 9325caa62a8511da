import AtollHostPorts
import AtollClaims
import AtollEnvironments
import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTestSupport
import Foundation
import Synchronization
import Testing

/// What destroy and its neighbours must never touch, however they are called.
@Suite struct SafetyTests {
    private let fake: FakeHost
    private let host: AtollEnvironments.Host

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    private func context(_ verb: String) -> VerbContext { VerbContext(verb: verb, lockPatience: .milliseconds(200)) }
    private func destroy(_ files: PrefixFiles, in workdir: Workdir? = nil) async throws {
        try await DestroyUseCase(host: host, context: context("destroy")).run(.init(workdir: workdir, files: files))
    }

    @Test func aProjectsOwnDirectoriesAreNoPrefixes() async throws {
        // The workdir may be the project itself: `atoll init . f.yaml`.
        var request = try fake.request()
        request.workdir = fake.workspace.path + "/project"
        try fake.workspace.write("project/src/main.c", "int main;")
        try fake.workspace.write("project/docs/uuid", "not one")
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        let workdir = Workdir(path: request.workdir)
        #expect(try workdir.prefixNames() == ["default"])
        #expect(throws: EnvironmentError.self) { try workdir.prefix("src") }
        await #expect(throws: EnvironmentError.self) { try await destroy(PrefixFiles(path: request.workdir + "/src"), in: workdir) }
        try await destroy(request.files, in: workdir)
        #expect(throws: EnvironmentError.self) { try workdir.currentName() }
        #expect(try AtomicFile.text(request.workdir + "/src/main.c") == "int main;")
        #expect(try AtomicFile.text(request.workdir + "/docs/uuid") == "not one")
        #expect(!SystemCall.exists(request.workdir + "/src/.atoll"))
    }

    @Test func anUnrelatedCurrentLinkMakesNoWorkdir() throws {
        try fake.workspace.write("deploy/releases/7/app", "x")
        try SymbolicLink.make(fake.workspace.path + "/deploy/current", to: "releases/7")
        #expect(!Workdir(path: fake.workspace.path + "/deploy").exists)
        #expect(SymbolicLink.target(fake.workspace.path + "/deploy/current") == "releases/7")
    }

    @Test func aCopyCannotActForTheOriginal() async throws {
        let request = try fake.request()
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        let copy = fake.workspace.path + "/copy"
        try FileManager.default.copyItem(atPath: request.workdir, toPath: copy)
        for act in [
            { try await destroy(PrefixFiles(path: copy + "/default")) },
            { try await StopUseCase(host: host, context: context("stop")).run(PrefixFiles(path: copy + "/default"), machines: []) },
        ] {
            let error = await #expect(throws: EnvironmentError.self) { try await act() }
            #expect(error?.message.contains("is a copy of the prefix at") == true)
        }
        #expect(fake.world.withLock { $0.domains.count } == 2)
        try await destroy(request.files, in: Workdir(path: request.workdir))
        // The copy's own lock stays for as long as the copy does.
        #expect(try fake.leftovers().filter { !$0.hasSuffix(".lock") } == [])
    }

    @Test func aMovedPrefixIsItselfAtItsNewPlace() async throws {
        let request = try fake.request()
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        let moved = fake.workspace.path + "/moved"
        try FileManager.default.moveItem(atPath: request.workdir, toPath: moved)
        try await StopUseCase(host: host, context: context("stop")).run(PrefixFiles(path: moved + "/default"), machines: ["a"])
        #expect(fake.world.withLock { $0.domains.count } == 1)
        let holders = try host.leases.snapshot().leases.values.map(\.holder?.uuidPath)
        #expect(!holders.isEmpty && holders.allSatisfy { $0 == moved + "/default/uuid" })
        try await destroy(PrefixFiles(path: moved + "/default"), in: Workdir(path: moved))
        #expect(try fake.leftovers().filter { !$0.hasSuffix(".lock") } == [])
    }

    @Test func whatARemovedDirectoryLeftIsNamedAndCanBeDestroyed() async throws {
        let request = try fake.request()
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        try Directories.removeTree(request.workdir)
        let error = await #expect(throws: EnvironmentError.self) {
            try await InitUseCase(host: host, context: context("init")).run(request)
        }
        #expect(error?.message.contains("--prefix-path \(request.files.path) destroy --yes") == true)
        let registry = host.registry
        let locator = Locator(prefixPath: request.files.path, workingDirectory: "/") { path in (try? registry.find(path: path)) != nil }
        try await DestroyUseCase(host: host, context: context("destroy")).run(try locator.prefix())
        #expect(try fake.leftovers() == [])
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
    }

    @Test func aForeignDirectoryAtARegisteredPlaceIsLeftAlone() async throws {
        let request = try fake.request()
        var generator = SystemRandomNumberGenerator()
        try host.registry.register(RegisteredPrefix(path: request.files.path, id: PrefixID(using: &generator), verb: "init"))
        try fake.workspace.write("w/default/precious", "data")
        await #expect(throws: EnvironmentError.self) { try await InitUseCase(host: host, context: context("init")).run(request) }
        #expect(try AtomicFile.text(request.files.path + "/precious") == "data")
    }

    /// A domain that libvirtd is still starting shows as paused, also after the verb that asked was ended.
    @Test func aWaitGivesADomainThatIsStillStartingALittleTime() async throws {
        let request = try fake.request()
        let environment = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        let name = environment.libvirtName(ofMachine: "a")
        fake.world.withLock { $0.domains[name]?.state = .paused }
        let wait = WaitUseCase(host: host, context: context("wait"), startPatience: .milliseconds(20))
        let error = await #expect(throws: PlanFailure.self) { try await wait.run(request.files, machines: ["a"], timeout: nil) }
        #expect(error?.description.contains("paused") == true)
        let patient = WaitUseCase(host: host, context: context("wait"), startPatience: .seconds(10))
        async let waited = patient.run(request.files, machines: ["a"], timeout: nil)
        fake.world.withLock { $0.domains[name]?.state = .running }
        #expect(try await waited.id == environment.id)
    }
}
