import AtollHostPorts
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTestSupport
import AtollVirtXML
import OrderedCollections
import Synchronization
import Testing

@testable import AtollLibvirtHost
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

    @Test func wishesBecomeAddresses() throws {
        var spec = NetSpec(name: "m")
        spec.egress = .only(["10.1.0.0/16", "10.0.0.5:443", "gateway:8080", "localhost:80"].compactMap(Egress.Destination.init))
        let network = Network(spec: spec, gateway: IPv4Address(192, 168, 200, 1), management: true)
        let found = try EgressHost.openings(network).map { "\($0.subnet) \($0.port ?? 0) \($0.name ?? "-")" }
        #expect(found == ["10.1.0.0/16 0 -", "10.0.0.5/32 443 -", "192.168.200.1/32 8080 -", "127.0.0.1/32 80 localhost"])
        spec.egress = .only([Egress.Destination(.name("no-such-host.invalid"))])
        let error = #expect(throws: EnvironmentError.self) {
            try EgressHost.openings(Network(spec: spec, gateway: IPv4Address(192, 168, 200, 1), management: true))
        }
        #expect(error?.message.contains("no-such-host.invalid, which the egress of network m names") == true)
    }

    @Test func otherGuestsAndTheHostAreBarred() throws {
        let network = Network(spec: NetSpec(name: "m"), gateway: IPv4Address(192, 168, 200, 1), management: true)
        let other = ObservedNetwork(
            name: "default", isActive: true, owner: nil,
            subnets: [IPv4Subnet(containing: IPv4Address(192, 168, 122, 1)), IPv4Subnet(containing: IPv4Address(192, 168, 200, 1))])
        let barred = try EgressHost.barred(beside: network, networks: [other]).map(\.description)
        #expect(barred.starts(with: ["192.168.200.0/21", "192.168.208.0/20", "192.168.224.0/19", "192.168.122.0/24"]))
        #expect(barred.contains("127.0.0.1/32") && barred.contains("169.254.0.0/16"))
        // All that can be leased, and no more.
        for octet in UInt8.min...UInt8.max {
            let isIn = barred.prefix(3).contains { text in
                let parts = text.split(separator: "/")
                guard let base = IPv4Address(String(parts[0])), let length = Int(parts[1]) else { return false }
                return IPv4Subnet(containing: base, prefixLength: length).contains(IPv4Address(192, 168, octet, 7))
            }
            #expect(isIn == IPv4Subnet.leasedRange.contains(octet))
        }
    }

    @Test func withoutTheFirewallSeeingBridgesNothingIsStarted() throws {
        let directory = fake.workspace.path + "/bridge"
        try Directories.make(directory)
        // Not loaded yet: it comes with the first filter.
        try EgressHost.checkBridges(isStarted: false, directory: directory)
        #expect(throws: EnvironmentError.self) { try EgressHost.checkBridges(isStarted: true, directory: directory) }
        try AtomicFile.write("1\n", to: directory + "/bridge-nf-call-iptables")
        try AtomicFile.write("0\n", to: directory + "/bridge-nf-call-ip6tables")
        let error = #expect(throws: EnvironmentError.self) { try EgressHost.checkBridges(isStarted: false, directory: directory) }
        #expect(error?.message.contains("sudo sysctl net.bridge.bridge-nf-call-ip6tables=1") == true)
        try AtomicFile.write("1\n", to: directory + "/bridge-nf-call-ip6tables")
        try EgressHost.checkBridges(isStarted: true, directory: directory)
    }
}
