import AtollHostPorts
import AtollEnvironments
import AtollHostFakes
import AtollModel
import AtollTestSupport
import AtollVirtXML
import Glibc
import Synchronization
import Testing

/// The fake host obeys the same contract as libvirt (`HostPortTests` of the integration tests).
@Suite struct HostContractTests {
    private let fake: FakeHost
    private let owner: PrefixID
    private let stranger: PrefixID

    init() throws {
        fake = try FakeHost()
        owner = try #require(PrefixID("fe689d3c39d011e5b22b54ee755a00ca"))
        stranger = try #require(PrefixID("aaaa9d3c39d011e5b22b54ee755a00ca"))
    }

    private var domain: DomainDefinition {
        DomainDefinition(
            name: "fe689d3c-a", memoryMiB: 64, vcpus: 1, type: .qemu,
            disks: [
                .init(
                    index: 1, image: .init(path: "/top", format: "qcow2"), target: "vda", backing: [.init(path: "/base", format: "raw")])
            ],
            nics: [], consoleLogPath: "/log", ownerTag: OwnerTag(prefix: owner, role: .vm, name: "a"), hasVhostNet: false)
    }

    @Test func domains() async throws {
        #expect(try await HostContract.domains(fake, domain, stranger: stranger) == [])
        #expect(fake.world.withLock { $0.domains.isEmpty && $0.definitions.isEmpty })
    }

    @Test func networks() async throws {
        let network = NetworkDefinition(
            name: "fe68-m", bridge: "at0123456789ab", kind: .isolated, gateway: IPv4Address(10, 11, 12, 1),
            ownerTag: OwnerTag(prefix: owner, role: .network, name: "m"))
        #expect(try await HostContract.networks(fake, network, stranger: stranger) == [])
    }

    @Test func filters() async throws {
        let address = IPv4Address(10, 9, 0, 1)
        let filter = FilterDefinition(
            name: HostNames.filter(owner, "m"), gateway: IPv4Address(10, 11, 12, 1),
            openings: [.init(IPv4Subnet(containing: address, prefixLength: 32), name: "mirror.example")])
        let names = ["mirror.example": [address]]
        #expect(try await HostContract.filters(fake, filter, owner: owner, stranger: stranger, names: names) == [])
    }

    @Test func memory() async throws {
        try await fake.start(domain)
        #expect(
            try await HostContract.memory(
                fake, fake, domain: domain.name, owner: owner, stranger: stranger, file: fake.workspace.path + "/saved",
                descriptor: STDIN_FILENO) == [])
    }

    @Test func snapshots() async throws {
        try await fake.start(domain)
        let overlay = try fake.workspace.write("overlay", "x")
        #expect(
            try await HostContract.snapshots(
                fake, domain: domain.name, owner: owner, stranger: stranger, target: "vda", overlay: overlay) == [])
    }

    /// The contract detects a port that ignores owners, and one that forgets states.
    @Test func theContractDetectsViolations() async throws {
        struct Careless: DomainLifecycle {
            let fake: FakeHost
            func domains() async throws -> [ObservedDomain] { [] }
            func domain(named name: String) async throws -> ObservedDomain? { try await fake.domain(named: name) }
            func start(_ definition: DomainDefinition) async throws { try await fake.start(definition) }
            func stop(named name: String, owner: PrefixID) async throws {
                if let found = try await fake.domain(named: name), let owner = found.owner {
                    try await fake.stop(named: name, owner: owner)
                }
            }
        }
        let found = try await HostContract.domains(Careless(fake: fake), domain, stranger: stranger)
        #expect(found.contains("a started domain is listed") && found.contains("stop of a foreign domain throws refused"))
    }

    /// A host without the optional capabilities throws one error for all of them.
    @Test func missingCapabilitiesAreUnsupported() async throws {
        struct Bare: DomainMemory, DomainSnapshots {}
        let (bare, owner) = (Bare(), owner)
        let operations: [(String, @Sendable () async throws -> Void)] = [
            ("suspend", { try await bare.suspend(named: "a", owner: owner) }),
            ("resume", { try await bare.resume(named: "a", owner: owner) }),
            ("save", { try await bare.save(named: "a", owner: owner, to: "/f") }),
            ("restore", { try await bare.restore(from: "/f", owner: owner) }),
            ("monitor command", { _ = try await bare.monitor(MonitorCommand("x"), named: "a", owner: owner, descriptors: []) }),
            ("disk snapshot", { try await bare.create(DiskSnapshot(name: "s", disks: []), ofDomain: "a", owner: owner) }),
            ("disk snapshot", { try await bare.commit(disk: "vda", ofDomain: "a", owner: owner) { _ in } }),
            ("disk snapshot", { _ = try await bare.topLayers(ofDomain: "a", owner: owner) }),
        ]
        for (capability, operation) in operations {
            let error = await #expect(throws: EnvironmentError.self) { try await operation() }
            #expect(error?.code == .unsupported && error?.message == "\(capability): unsupported on this host")
        }
    }
}
