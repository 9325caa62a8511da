package import AtollModel
import OrderedCollections

/// How one NIC of a guest is set up. Static wherever the address is known: no wait for DHCP, and no lease to go stale.
package struct NICPlan: Sendable, Equatable {
    /// Its place in the domain; the guest calls it `eth<index>`.
    package var index: Int
    /// nil where libvirt draws one (bridge nets).
    package var mac: MACAddress?
    package var address: IPv4Address?
    /// 0...32.
    package var prefixLength: Int
    /// The default route; only one NIC of a guest should have it.
    package var gateway: IPv4Address?
    package var nameservers: [IPv4Address]
    package var searchDomains: [String]
    /// `fd8f:1391:3a82:200::192.168.200.2/64`; nil leaves IPv6 to the guest.
    package var ipv6Address: String?
    /// False where nobody on the net speaks IPv6: a guest that waited for a router there would wait in vain.
    package var hasIPv6 = true
    package var mtu: Int?
    /// Whether it asks for an IPv4 address.
    package var dhcp: Bool

    package init(
        index: Int, mac: MACAddress? = nil, address: IPv4Address? = nil, prefixLength: Int = 24, gateway: IPv4Address? = nil,
        nameservers: [IPv4Address] = [], searchDomains: [String] = [], ipv6Address: String? = nil, mtu: Int? = nil, dhcp: Bool? = nil
    ) {
        self.index = index
        self.mac = mac
        self.address = address
        self.prefixLength = prefixLength
        self.gateway = gateway
        self.nameservers = nameservers
        self.searchDomains = searchDomains
        self.ipv6Address = ipv6Address
        self.mtu = mtu
        self.dhcp = dhcp ?? (address == nil)
    }

    package var name: String { "eth\(index)" }
    /// `192.168.200.2/24`
    package var cidr: String? { address.map { "\($0)/\(prefixLength)" } }
    /// `255.255.255.0`
    package var netmask: String { "\(IPv4Address(rawValue: prefixLength == 0 ? 0 : ~UInt32(0) << UInt32(32 - prefixLength)))" }
    /// The address without its length, and the length (64 unless written).
    package var ipv6Parts: (address: String, length: String)? {
        guard let ipv6Address else { return nil }
        let parts = ipv6Address.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.first.map { ($0, parts.count > 1 ? parts[1] : "64") }
    }

    /// The NICs of a resolved machine: the one on the management net gets the default route (where the net has a way out), the
    /// net's name server and its search domain; every other only its address. A NIC without an address asks by DHCP.
    package static func plans(for machine: Machine, in environment: Environment) -> [NICPlan] {
        machine.nics.enumerated().map { index, nic in
            var plan = NICPlan(index: index, mac: nic.mac, address: nic.address, mtu: nic.mtu)
            guard let network = environment.networks[nic.net], let address = nic.address else { return plan }
            plan.hasIPv6 = network.kind == .bridge || network.hasIPv6
            // The name server answers with these addresses too, so they have to be there.
            if network.hasIPv6, network.subnet?.isLeased == true { plan.ipv6Address = IPv6Derivation.address(of: address) + "/64" }
            guard nic.net == machine.managementNet else { return plan }
            plan.gateway = network.kind == .nat ? network.gateway : nil
            plan.nameservers = network.gateway.map { [$0] } ?? []
            plan.searchDomains = network.dnsDomainName.map { [$0] } ?? []
            return plan
        }
    }
}
