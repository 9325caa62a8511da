import AtollHostPorts
import AtollHostFakes
import AtollDomainPlan
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTestSupport
import AtollVirtXML
import OrderedCollections
import Synchronization
import Testing

@testable import AtollEnvironments

@Suite struct EgressTests {
    private let fake: FakeHost
    private let host: AtollEnvironments.Host
    private static let limited = """
        domains:
          a: {memory: 128, nics: [{net: m}, {net: free}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
          b: {memory: 128, nics: [{net: m}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
        nets:
          m: {type: nat, management: true, egress: [10.0.0.5, "localhost:80", "gateway:8080"]}
          free: {type: nat}
        """

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    private func context(_ verb: String, _ failpoints: Failpoints = .off) -> VerbContext {
        VerbContext(verb: verb, jobs: 2, lockPatience: .milliseconds(200), failpoints: failpoints)
    }
    private var filters: [String] { fake.world.withLock { $0.filters.map(\.name) } }

    @Test func aFilterComesWithItsNetworkAndGoesWithIt() async throws {
        let request = try fake.request(Self.limited)
        let made = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        #expect(filters == [HostNames.filter(made.id, "m")])
        #expect(try SavedEnvironment.load(request.files).networks["m"]?.egress == made.networks["m"]?.egress)
        // A VM still needs it.
        try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: ["a"])
        #expect(filters.count == 1)
        try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: ["b"])
        #expect(filters.isEmpty)
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        #expect(filters.count == 1)
        try await DestroyUseCase(host: host, context: context("destroy")).run(
            .init(workdir: Workdir(path: request.workdir), files: request.files))
        #expect(try fake.leftovers() == [])
    }

    @Test func aFilterThatACrashLeftAloneIsFoundByDestroy() async throws {
        let request = try fake.request(Self.limited)
        let made = try await InitUseCase(host: host, context: context("init")).run(request)
        let name = HostNames.filter(made.id, "m")
        fake.world.withLock { _ = $0.filters.insert(ObservedFilter(name: name, owner: made.id)) }
        #expect(try await PrefixHome.remains(of: made.id, host: host).contains("network filter \(name)"))
        try await DestroyUseCase(host: host, context: context("destroy")).run(
            .init(workdir: Workdir(path: request.workdir), files: request.files))
        #expect(try fake.leftovers() == [])
    }

    @Test func startPutsBackAFilterThatSomebodyRemoved() async throws {
        let request = try fake.request(Self.limited)
        _ = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        fake.world.withLock { $0.filters = [] }
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        #expect(filters.count == 1)
    }

    @Test func resolvedNamesReachTheFilterAndTheNameServer() async throws {
        let request = try fake.request(Self.limited)
        let made = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        let filter = try #require(fake.world.withLock { $0.filterDefinitions[HostNames.filter(made.id, "m")] })
        #expect(filter.openings.contains { $0.name == "localhost" && $0.subnet.base == IPv4Address(127, 0, 0, 1) && $0.port == 80 })
        #expect(filter.barred.contains(IPv4Subnet(containing: IPv4Address(127, 0, 0, 1), prefixLength: 32)))
        let network = try #require(fake.world.withLock { $0.networkDefinitions[made.libvirtName(ofNetwork: "m")] })
        #expect(network.dns?.pinned == ["localhost": [IPv4Address(127, 0, 0, 1)]])
    }

    @Test func aHostNameThatDoesNotResolveStopsTheStart() async throws {
        let request = try fake.request(Self.limited)
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        fake.world.withLock { $0.resolver = [:] }
        let failure = await #expect(throws: PlanFailure.self) {
            try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        }
        #expect(failure?.description.contains("egress of network 'm': host name 'localhost' does not resolve") == true)
        #expect(filters.isEmpty)
    }

    @Test func withoutBridgeFilteringNoFilteredDomainStaysUp() async throws {
        let request = try fake.request(Self.limited)
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        for filtering in [BridgePlan.Filtering(ipv4: true, ipv6: false), BridgePlan.Filtering(ipv4: nil, ipv6: nil)] {
            fake.world.withLock { $0.bridgeFiltering = filtering }
            let failure = await #expect(throws: PlanFailure.self) {
                try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
            }
            #expect(failure?.description.contains("'egress' cannot be enforced") == true)
            #expect(fake.world.withLock { $0.domains.isEmpty && $0.networks.isEmpty })
        }
    }
}
