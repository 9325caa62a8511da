import AtollHostPorts
import AtollClaims
import AtollHostFakes
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

/// What others have on the host, and what a killed daemon left there, beside networks of ours.
@Suite struct HostNetworkTests {
    let fake: FakeHost
    let host: AtollEnvironments.Host
    private let notes = Notes()

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    private final class Notes: Sendable {
        let all = Mutex<[String]>([])
    }

    private func context(_ verb: String) -> VerbContext {
        VerbContext(verb: verb, lockPatience: .zero, note: { [notes] text in notes.all.withLock { $0.append(text) } })
    }

    private static let isolated = """
        domains:
          a: {memory: 128, nics: [{net: m}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
        nets:
          m: {type: isolated, management: true, gw: 10.11.12.1}
        """

    private func start(_ request: InitRequest) async throws {
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
    }

    // MARK: what cannot be read

    /// The test driver shows networks as the real one does: `<domain name=…>` unescaped.
    @Test func aNetworkThatCannotBeReadIsNobodysAndInNobodysWay() async throws {
        let id = try #require(PrefixID("fe689d3c39d011e5b22b54ee755a00ca"))
        let tag = "<metadata><a:instance xmlns:a='\(OwnerTag.namespace)' prefix='\(id.hex)' role='network' name='n'/></metadata>"
        func network(_ name: String, _ metadata: String, _ domain: String, _ third: Int) -> String {
            "<network><name>\(name)</name>\(metadata)<bridge name='\(name)b'/><domain name='\(domain)'/>"
                + "<ip address='192.168.\(third).1' netmask='255.255.255.0'/></network>"
        }
        let file = try fake.workspace.write(
            "node.xml",
            "<node><memory>2097152</memory>" + network("odd", "", "o&apos;x", 220) + network("fe68-n", tag, "o&apos;x", 221)
                + network("plain", "", "lan", 222) + "</node>")
        let live = LibvirtNetworks(LibvirtLink(uri: "test://\(file)"))
        let networks = try await live.networks().sorted { $0.name < $1.name }
        #expect(networks.map(\.name) == ["fe68-n", "odd", "plain"])
        #expect(networks.map(\.owner) == [id, nil, nil])
        #expect(networks.map { $0.unreadable == nil } == [false, false, true])
        #expect(networks.map(\.subnets.count) == [0, 0, 1])
        #expect(networks[0].warning == nil && networks[2].warning == nil)
        #expect(networks[1].warning?.contains("network 'odd': unreadable XML (line ") == true)
        // Ours goes, the other stays.
        try await live.stop(named: "fe68-n", owner: id)
        await #expect(throws: EnvironmentError.self) { try await live.stop(named: "odd", owner: id) }
        #expect(try await live.network(named: "fe68-n")?.isActive == false)
        #expect(try await live.network(named: "odd")?.isActive == true)
    }

    @Test func anUnreadableNetworkIsNamedByTheVerbsThatLookAtAll() async throws {
        fake.world.withLock {
            $0.networks["odd"] = ObservedNetwork(name: "odd", isActive: true, owner: nil, unreadable: "line 3: not well formed")
        }
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        try await start(request)
        try await DestroyUseCase(host: host, context: context("destroy")).run(
            Locator.Found(workdir: Workdir(path: request.workdir), files: request.files))
        let told = notes.all.withLock { $0 }
        #expect(told.count == 2 && told.allSatisfy { $0.hasPrefix("warning: ") && $0.contains("network 'odd': unreadable XML (line 3") })
        #expect(try fake.leftovers() == ["odd"])
    }

    // MARK: subnets that others took since

    @Test func aSubnetThatAnotherEnvironmentRunsOnIsNamed() async throws {
        let first = try fake.request(Self.isolated)
        var second = first
        second.workdir = fake.workspace.path + "/w2"
        _ = try await InitUseCase(host: host, context: context("init")).run(first)
        _ = try await InitUseCase(host: host, context: context("init")).run(second)
        try await start(first)
        let failure = await #expect(throws: PlanFailure.self) { try await start(second) }
        let text = failure?.description ?? ""
        #expect(text.contains("start network m: its subnet 10.11.12.0/24 overlaps 10.11.12.0/24 of the libvirt network"))
        #expect(text.contains("Stop that with: atoll --prefix-path \(first.files.path) stop"))
        try await StopUseCase(host: host, context: context("stop")).run(first.files, machines: [])
        try await start(second)
        // What is up stays so, whatever comes later.
        fake.world.withLock { $0.networks["late"] = ObservedNetwork(name: "late", isActive: true, owner: nil, subnets: Self.subnets) }
        try await start(second)
    }

    private static let subnets = [IPv4Subnet(containing: IPv4Address(10, 11, 0, 0), prefixLength: 16)]

    @Test func aForeignNetworkOnTheSubnetIsNamed() async throws {
        let request = try fake.request(Self.isolated)
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        fake.world.withLock { $0.networks["lab"] = ObservedNetwork(name: "lab", isActive: false, owner: nil, subnets: Self.subnets) }
        let steps = try await StartUseCase(host: host, context: context("start")).preview(request.files, machines: [])
        #expect(steps.first?.observation == .absent)
        fake.world.withLock { $0.networks["lab"]?.isActive = true }
        let failure = await #expect(throws: PlanFailure.self) { try await start(request) }
        #expect(
            failure?.description.contains("overlaps 10.11.0.0/16 of the libvirt network lab. Stop that with: virsh net-destroy lab") == true
        )
    }

    @Test func aRouteThatCameLaterIsNamed() async throws {
        let request = try fake.request(Self.isolated)
        _ = try await InitUseCase(host: host, context: context("init")).run(request)
        fake.world.withLock { $0.routes = [HostRoute(base: 0x0A0B_0C80, prefixLength: 25, device: "eth7", isOnLink: true)] }
        let failure = await #expect(throws: PlanFailure.self) { try await start(request) }
        #expect(failure?.description.contains("remove it with: sudo ip route del 10.11.12.128/25 dev eth7") == true)
        // Removing a tunnel's route could cut the host off.
        fake.world.withLock { $0.routes = [HostRoute(base: 0x0A0B_0C80, prefixLength: 25, device: "tun0")] }
        let second = await #expect(throws: PlanFailure.self) { try await start(request) }
        #expect(second?.description.contains("over tun0") == true && second?.description.contains("ip route del") == false)
        // The network's own route is narrower than this one, and wins.
        fake.world.withLock { $0.routes = [HostRoute(base: 0x0A00_0000, prefixLength: 8, device: "tun0")] }
        try await start(request)
        #expect(notes.all.withLock { $0.contains { $0.contains("no longer reaches that part of 10.0.0.0/8 over tun0") } })
    }

    // MARK: left-over bridges

    @Test func aBridgeThatAKilledDaemonLeftIsRemovedOrNamed() async throws {
        let request = try fake.request(Self.isolated)
        let environment = try await InitUseCase(host: host, context: context("init")).run(request)
        let bridge = HostNames.bridge(environment.id, "m")
        fake.world.withLock {
            $0.bridges = [bridge, "at0123456789ab"]
            $0.routes = [HostRoute(base: 0x0A0B_0C00, prefixLength: 24, device: bridge)]
            $0.mayRemoveBridges = false
        }
        let failure = await #expect(throws: PlanFailure.self) { try await start(request) }
        #expect(failure?.description.contains("sudo ip link delete \(bridge)") == true)
        fake.world.withLock { $0.mayRemoveBridges = true }
        try await start(request)
        #expect(fake.world.withLock { $0.bridges } == ["at0123456789ab"])
    }

    @Test func destroyTellsOfABridgeThatItMayNotRemove() async throws {
        for mayRemove in [true, false] {
            let request = try fake.request(Self.isolated)
            let environment = try await InitUseCase(host: host, context: context("init")).run(request)
            let bridge = HostNames.bridge(environment.id, "m")
            fake.world.withLock {
                $0.bridges = [bridge]
                $0.mayRemoveBridges = mayRemove
            }
            try await DestroyUseCase(host: host, context: context("destroy")).run(
                Locator.Found(workdir: Workdir(path: request.workdir), files: request.files))
            #expect(try fake.leftovers() == [])
            #expect(fake.world.withLock { $0.bridges.isEmpty } == mayRemove)
            #expect(notes.all.withLock { $0.contains { $0.contains("sudo ip link delete \(bridge)") } } == !mayRemove)
        }
    }

    // MARK: hardware

    @Test func hardwareThatLibvirtDoesNotHaveIsNamedAtInit() async throws {
        func text(_ members: String) -> String { FakeHost.twoMachines.replacing("b: {memory: 128", with: "b: {memory: 128, \(members)") }
        fake.world.withLock {
            $0.capabilities.guests.append(HostCapabilities.Guest(arch: "i686", emulators: [:], machines: ["pc"]))
            $0.cpuModels = CPUModels(vendors: ["SandyBridge": "Intel", "qemu64": "generic"])
        }
        let cases = [
            ("machine: nope", "domains.b.machine: libvirt has no machine type \"nope\" on this host; it has pc, q35"),
            ("machine: q36", "did you mean q35?"),
            ("machine: q35, arch: i686", "it has pc"),
            (
                "arch: aarch64",
                "domains.b.arch: no QEMU for aarch64 guests is installed on this host, only for i686, x86_64; see: atoll doctor"
            ),
            ("cpu_model: SandyBrigde", "domains.b.cpu_model: libvirt has no CPU model \"SandyBrigde\"; did you mean SandyBridge?"),
        ]
        for (members, expected) in cases {
            let request = try fake.request(text(members))
            let error = await #expect(throws: InvalidInput.self) {
                try await InitUseCase(host: host, context: context("init")).run(request)
            }
            #expect(error?.diagnostics.count == 1 && error?.description.contains(expected) == true, "\(String(describing: error))")
            #expect(try fake.leftovers() == [])
        }
        let good = try fake.request(text("machine: pc-q35-7.2, arch: x86_64, cpu_model: qemu64"))
        _ = try await InitUseCase(host: host, context: context("init")).run(good)
    }

    @Test func aMachineThatIsDownIsSaidToBe() async throws {
        let request = try fake.request()
        let environment = try await InitUseCase(host: host, context: context("init")).run(request)
        let machine = try #require(environment.machines["a"])
        func message(_ state: MachineState?) -> String {
            let found = state.map { ObservedDomain(name: "x", state: $0, owner: environment.id) }
            do { try environment.requireRunning(machine, found) } catch { return "\(error)" }
            return ""
        }
        #expect(message(.running) == "")
        #expect(message(nil) == "a is down; start it with: atoll start a")
        #expect(message(.crashed) == "a is crashed; start it with: atoll start a")
        #expect(message(.paused) == "a is paused; let it go on with: virsh resume \(environment.libvirtName(ofMachine: "a"))")
        #expect(message(.shuttingDown) == "a is shutting down; start it with: atoll start a")
    }
}
