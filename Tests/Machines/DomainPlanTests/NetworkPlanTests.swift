import AtollModel
import AtollVirtXML
import OrderedCollections
import Testing

@testable import AtollDomainPlan

@Suite struct EgressPlanTests {
    private func network(_ destinations: [String]) -> Network {
        var spec = NetSpec(name: "m")
        spec.egress = .only(destinations.compactMap { Egress.Destination($0) })
        return Network(spec: spec, gateway: IPv4Address(192, 168, 200, 1), management: true)
    }

    @Test func destinationsBecomeOpenings() {
        let network = network(["10.1.0.0/16", "10.0.0.5:443", "gateway:8080", "mirror.example:80", "mirror.example:443"])
        #expect(EgressPlan.hostNames(of: network) == ["mirror.example"])
        let names = ["mirror.example": [IPv4Address(10, 9, 0, 1), IPv4Address(10, 9, 0, 2)]]
        let found = EgressPlan.openings(of: network, names: names).map { "\($0.subnet) \($0.port ?? 0) \($0.name ?? "-")" }
        #expect(
            found == [
                "10.1.0.0/16 0 -", "10.0.0.5/32 443 -", "192.168.200.1/32 8080 -", "10.9.0.1/32 80 mirror.example",
                "10.9.0.2/32 80 mirror.example", "10.9.0.1/32 443 mirror.example", "10.9.0.2/32 443 mirror.example",
            ])
    }

    @Test func otherGuestsTheHostAndCloudMetadataAreBarred() {
        let served = [IPv4Subnet(containing: IPv4Address(192, 168, 122, 1)), IPv4Subnet(containing: IPv4Address(192, 168, 200, 1))]
        let barred = EgressPlan.barred(beside: network([]), served: served, hostAddresses: [IPv4Address(127, 0, 0, 1)])
        #expect(
            barred.map(\.description) == [
                "192.168.200.0/21", "192.168.208.0/20", "192.168.224.0/19", "192.168.122.0/24", "169.254.0.0/16", "127.0.0.1/32",
            ])
        // Exactly the subnets that can be leased.
        for octet in UInt8.min...UInt8.max {
            let isBarred = barred.prefix(3).contains { $0.contains(IPv4Address(192, 168, octet, 7)) }
            #expect(isBarred == IPv4Subnet.leasedRange.contains(octet))
        }
    }

    @Test func aNetworkWithoutLimitsHasNoFilter() throws {
        let environment = sampleEnvironment()
        let open = try #require(environment.networks["lan"])
        #expect(EgressPlan.definition(of: open, in: environment, hasIPv6: true, names: [:], hostAddresses: [], served: []) == nil)
        #expect(EgressPlan.hostNames(of: open).isEmpty)
    }
}

@Suite struct BridgePlanTests {
    @Test func aBridgeNetworkRequiresItsBridge() throws {
        var environment = sampleEnvironment()
        #expect(!BridgePlan.needsBridges(try #require(environment.machines["vm-host"]), in: environment))
        environment.machines["vm-host"]?.nics.append(NIC(net: "outside", address: nil))
        let machine = try #require(environment.machines["vm-host"])
        #expect(BridgePlan.needsBridges(machine, in: environment))
        let error = #expect(throws: DomainPlanError.self) { try BridgePlan.check(machine, in: environment, bridges: ["br0"]) }
        #expect(error?.code == .bridge)
        #expect(error?.hint.hasPrefix("sudo ip link add fe68-outside type bridge && sudo ip link set fe68-outside up") == true)
        try BridgePlan.check(machine, in: environment, bridges: ["fe68-outside"])
    }

    struct Filtering: Sendable {
        var ipv4: Bool?
        var ipv6: Bool?
        /// sysctl key in the hint before and after a filter is applied; nil if the check passes.
        var before: String?
        var after: String?
    }

    @Test(arguments: [
        Filtering(after: "iptables"), Filtering(ipv4: true, ipv6: true),
        Filtering(ipv4: true, ipv6: false, before: "ip6tables", after: "ip6tables"),
        Filtering(ipv4: false, ipv6: true, before: "iptables", after: "iptables"), Filtering(ipv4: true, after: "ip6tables"),
    ])
    func bridgedPacketsMustPassTheFirewall(_ filtering: Filtering) {
        let state = BridgePlan.Filtering(ipv4: filtering.ipv4, ipv6: filtering.ipv6)
        for (isApplied, expected) in [(false, filtering.before), (true, filtering.after)] {
            guard let expected else {
                #expect(throws: Never.self) { try BridgePlan.checkFiltering(state, isApplied: isApplied) }
                continue
            }
            let error = #expect(throws: DomainPlanError.self) { try BridgePlan.checkFiltering(state, isApplied: isApplied) }
            #expect(error?.code == .bridgeFilter)
            #expect(error?.hint.contains("sudo sysctl net.bridge.bridge-nf-call-\(expected)=1") == true)
        }
    }

    @Test func onlyUnusedBridgesOfOursAreStrays() {
        let own = [HostNames.bridge(prefix, "a"), HostNames.bridge(prefix, "b")]
        #expect(BridgePlan.strays(Set(own + ["virbr0", "br0", "fe68-outside"]), used: [own[0]]) == [own[1]])
    }
}
