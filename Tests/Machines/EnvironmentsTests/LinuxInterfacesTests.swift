import AtollLibvirtHost
import AtollHostPorts
import AtollDomainPlan
import AtollModel
import AtollPlatform
import AtollTestSupport
import Testing

@Suite struct LinuxInterfacesTests {
    private let space: Workspace
    private var interfaces: LinuxInterfaces { LinuxInterfaces(root: space.path) }

    init() throws { space = try Workspace("interfaces") }

    @Test func onlyBridgeDevicesAreBridges() async throws {
        #expect(await interfaces.bridges() == [])
        for directory in ["br0/bridge", "br0/brif/vnet0", "at0123456789ab/bridge", "eth0/queues"] {
            try Directories.make(space.path + "/sys/class/net/" + directory)
        }
        #expect(await interfaces.bridges() == ["br0", "at0123456789ab"])
    }

    @Test func aBridgeWithPortsIsNotDeleted() async throws {
        try Directories.make(space.path + "/sys/class/net/br0/bridge")
        try Directories.make(space.path + "/sys/class/net/br0/brif/vnet0")
        let error = await #expect(throws: EnvironmentError.self) { try await interfaces.removeBridge(named: "br0") }
        #expect(error?.code == .refused)
        #expect(error?.message == "stray bridge 'br0' cannot be deleted: in use by vnet0\nhint: sudo ip link delete br0")
        // A bridge that is missing already is no error.
        try await interfaces.removeBridge(named: "br1")
    }

    @Test func bridgeFilteringIsReadFromTheKernel() async throws {
        let directory = space.path + "/proc/sys/net/bridge"
        #expect(await interfaces.bridgeFiltering() == BridgePlan.Filtering(ipv4: nil, ipv6: nil))
        try Directories.make(directory)
        try AtomicFile.write("1\n", to: directory + "/bridge-nf-call-iptables")
        #expect(await interfaces.bridgeFiltering() == BridgePlan.Filtering(ipv4: true, ipv6: nil))
        try AtomicFile.write("0\n", to: directory + "/bridge-nf-call-ip6tables")
        #expect(await interfaces.bridgeFiltering() == BridgePlan.Filtering(ipv4: true, ipv6: false))
    }

    @Test func ipv6DependsOnTheKernel() async throws {
        #expect(await !interfaces.hasIPv6())
        try Directories.make(space.path + "/proc/sys/net/ipv6")
        #expect(await interfaces.hasIPv6())
    }

    @Test func addressesAndNamesOfTheHost() async throws {
        #expect(try await interfaces.addresses().contains(IPv4Address(127, 0, 0, 1)))
        #expect(try await interfaces.addresses(ofHost: "localhost") == [IPv4Address(127, 0, 0, 1)])
        let error = await #expect(throws: EnvironmentError.self) { try await interfaces.addresses(ofHost: "no-such-host.invalid") }
        #expect(error?.code == .hostFailure)
        #expect(error?.message.hasPrefix("host name 'no-such-host.invalid' does not resolve on this host: ") == true)
        #expect(error?.message.hasSuffix("\nhint: getent ahostsv4 no-such-host.invalid") == true)
    }
}
