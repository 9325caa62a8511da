import AtollHostPorts
import AtollEnvironments
import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollPlatform
import Testing
import Synchronization
import AtollTestSupport
import AtollClaims
import Foundation
import OrderedCollections

@Suite struct LifecycleTests {
    private let fake: FakeHost
    private let host: AtollEnvironments.Host

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    private func context(_ verb: String, _ failpoints: Failpoints = .off) -> VerbContext {
        VerbContext(verb: verb, jobs: 2, lockPatience: .milliseconds(200), failpoints: failpoints)
    }
    private var found: Locator.Found {
        get throws { let r = try fake.request(); return .init(workdir: Workdir(path: r.workdir), files: r.files) }
    }

    @Test func upAndDestroyLeaveNothing() async throws {
        let request = try fake.request()
        let environment = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        #expect(environment.machines.keys.elements == ["a", "b"])
        #expect(fake.world.withLock { $0.domains.count } == 2)
        #expect(try Workdir(path: request.workdir).currentName() == "default")
        try await DestroyUseCase(host: host, context: context("destroy")).run(found)
        #expect(try fake.leftovers() == [])
        #expect(!SystemCall.exists(request.workdir))
    }

    @Test func whatIsSavedLoadsAsWhatWasResolved() async throws {
        let request = try fake.request()
        let made = try await InitUseCase(host: host, context: context("init")).run(request)
        let loaded = try SavedEnvironment.load(request.files)
        #expect(loaded.id == made.id)
        #expect(loaded.machines.values.map(\.nics) == made.machines.values.map(\.nics))
        #expect(loaded.machines.values.map(\.disks) == made.machines.values.map(\.disks))
        #expect(loaded.machines.values.map(\.bootstrap) == [.cloudInit, .cloudInit])
        #expect(loaded.networks.values.map(\.mapping) == made.networks.values.map(\.mapping))
        #expect(loaded.networks.values.map(\.dnsRecords) == made.networks.values.map(\.dnsRecords))
        #expect(loaded.networks.values.map(\.kind) == [.nat, .isolated])
    }

    @Test func startTwiceIsStartOnce() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        #expect(fake.world.withLock { $0.stops }.isEmpty)
    }

    @Test func aNetworkStaysUpForTheMachinesThatStillUseIt() async throws {
        let request = try fake.request()
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: ["b"])
        let names = fake.world.withLock { $0.networks.keys.map { $0.split(separator: "-").last ?? "" } }
        #expect(names == ["m"])
        try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: ["a"])
        #expect(fake.world.withLock { $0.networks.isEmpty && $0.domains.isEmpty })
    }

    @Test func aFailedStartTakesBackItsOwnWorkOnly() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: ["a"])
        fake.world.withLock { _ = $0.broken.insert("b") }
        await #expect(throws: PlanFailure.self) {
            try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        }
        #expect(fake.world.withLock { $0.domains.count } == 1)
        #expect(fake.world.withLock { $0.networks.count } == 1)
    }

    @Test func aNetworkOfOursThatIsNotActiveIsStartedAnew() async throws {
        let request = try fake.request()
        let environment = try await InitUseCase(host: host, context: context("init")).run(request)
        let name = environment.libvirtName(ofNetwork: "m")
        fake.world.withLock { $0.networks[name] = ObservedNetwork(name: name, isActive: false, owner: environment.id) }
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        #expect(fake.world.withLock { $0.networks[name]?.isActive } == true)
    }

    @Test func everyMachineThatIsLostIsReported() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        let failure = await #expect(throws: PlanFailure.self) {
            try await WaitUseCase(host: host, context: context("wait")).run(request.files, machines: [], timeout: nil)
        }
        #expect(failure.map { Set($0.failed.map(\.id)) } == ["ready:a", "ready:b"])
    }

    @Test func aForeignDomainWithOurNameIsLeftAlone() async throws {
        let request = try fake.request()
        let environment = try await InitUseCase(host: host, context: context("init")).run(request)
        let name = environment.libvirtName(ofMachine: "a")
        fake.world.withLock { $0.domains[name] = ObservedDomain(name: name, state: .running, owner: nil) }
        await #expect(throws: PlanFailure.self) {
            try await StartUseCase(host: host, context: context("start")).run(request.files, machines: ["a"])
        }
        try await DestroyUseCase(host: host, context: context("destroy")).run(found)
        #expect(fake.world.withLock { $0.domains.keys.sorted() } == [name])
    }

    @Test func anUnknownMachineIsNamedWithTheOnesThereAre() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        let error = await #expect(throws: EnvironmentError.self) {
            try await StartUseCase(host: host, context: context("start")).run(request.files, machines: ["zz", "a"])
        }
        #expect(error?.message.contains("zz") == true && error?.message.contains("a, b") == true)
    }

    @Test func aTakenPrefixNameAndAForeignDirectoryAreRefused() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        let taken = await #expect(throws: EnvironmentError.self) {
            try await InitUseCase(host: host, context: context("init")).run(request)
        }
        #expect(taken?.code == .exists)
        var other = request
        other.prefixName = "mine"
        try fake.workspace.write("w/mine/precious", "data")
        await #expect(throws: EnvironmentError.self) { try await InitUseCase(host: host, context: context("init")).run(other) }
        #expect(try AtomicFile.text(other.files.path + "/precious") == "data")
    }

    @Test func anUnknownTemplateLeavesNothing() async throws {
        let request = try fake.request(FakeHost.twoMachines.replacingOccurrences(of: "template_name: tiny", with: "template_name: nowhere"))
        await #expect(throws: (any Error).self) { try await InitUseCase(host: host, context: context("init")).run(request) }
        #expect(try fake.leftovers() == [])
        #expect(!SystemCall.exists(request.workdir))
    }

    @Test func aSecondVerbIsToldWhoHoldsThePrefix() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        let digestLocks = try Directories.list(host.stateRoot.prefixes).filter { $0.hasSuffix(".lock") }
        let name = try #require(digestLocks.first)
        let lock = try #require(try FileLock.attempt(host.stateRoot.prefixes + "/" + name, note: "pid 1 (start, since now)"))
        let error = await #expect(throws: EnvironmentError.self) {
            try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: [])
        }
        #expect(error?.code == .busy && error?.message.contains("pid 1 (start") == true)
        lock.release()
    }

    @Test func upNeverBringsUpAnotherEnvironmentThanItNames() async throws {
        let request = try fake.request()
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        _ = try fake.request(FakeHost.twoMachines + "# changed\n")
        let error = await #expect(throws: EnvironmentError.self) {
            try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        }
        #expect(error?.code == .exists && error?.message.contains("was made from another init file") == true)
    }
}
