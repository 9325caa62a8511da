package import AtollModel
import OrderedCollections

/// A network as libvirt is to start it.
package struct NetworkDefinition: Sendable, Equatable {
    /// A host that the DHCP server always gives the same address.
    package struct Host: Sendable, Equatable {
        package var mac: MACAddress
        package var address: IPv4Address
        package var name: String

        package init(mac: MACAddress, address: IPv4Address, name: String) {
            self.mac = mac
            self.address = address
            self.name = name
        }
    }

    /// The DHCP server.
    package struct DHCP: Sendable, Equatable {
        /// Last octets of the addresses given to strangers, inclusive.
        package var start: Int
        package var end: Int
        package var hosts: [Host]

        package init(start: Int, end: Int, hosts: [Host]) {
            self.start = start
            self.end = end
            self.hosts = hosts
        }
    }

    /// The name server of a management network.
    package struct DNS: Sendable, Equatable {
        /// Answered here only, never asked for outside.
        package var domain: String?
        /// Address by host name; an address may have many names.
        package var records: [String: String]
        /// Nets of the environment that have IPv6: an address in one of them is answered by its IPv6 twin too.
        package var subnetsWithIPv6: [IPv4Subnet]
        /// Names outside that are answered with just these addresses: what a filter lets through must be what a guest is told.
        package var pinned: [String: [IPv4Address]] = [:]

        package init(domain: String?, records: [String: String], subnetsWithIPv6: [IPv4Subnet]) {
            self.domain = domain
            self.records = records
            self.subnetsWithIPv6 = subnetsWithIPv6
        }
    }

    package var name: String
    package var uuid: String?
    /// The Linux bridge device, at most 15 characters.
    package var bridge: String
    package var kind: NetKind
    /// The host's own address, of a /24; nil for a bridge net.
    package var gateway: IPv4Address?
    /// nil for a net without DHCP.
    package var dhcp: DHCP?
    /// nil switches the name server off.
    package var dns: DNS?
    /// Written when it is not 1500.
    package var mtu: Int?
    package var hasIPv6: Bool
    package var ownerTag: OwnerTag

    package init(
        name: String, uuid: String? = nil, bridge: String, kind: NetKind, gateway: IPv4Address?, dhcp: DHCP? = nil, dns: DNS? = nil,
        mtu: Int? = nil, hasIPv6: Bool = true, ownerTag: OwnerTag
    ) {
        self.name = name
        self.uuid = uuid
        self.bridge = bridge
        self.kind = kind
        self.gateway = gateway
        self.dhcp = dhcp
        self.dns = dns
        self.mtu = mtu
        self.hasIPv6 = hasIPv6
        self.ownerTag = ownerTag
    }

    /// The definition of a network of an environment. One whose guests reach nothing outside is made without a way there.
    /// - Parameter hasIPv6: whether this host has.
    package init(_ network: Network, of environment: Environment, hasIPv6: Bool) throws {
        let names = Dictionary(grouping: network.mapping, by: \.value).mapValues { $0.map(\.key).min() ?? "" }
        let hosts = names.sorted { $0.key < $1.key }.map { Host(mac: MACAddress(derivedFrom: $0.key), address: $0.key, name: $0.value) }
        let twins = hasIPv6 ? environment.networks.values.filter { $0.kind != .bridge && $0.hasIPv6 } : []
        // Elsewhere guests are given no IPv6 address, so none is to be answered.
        let withIPv6 = twins.compactMap(\.subnet).filter(\.isLeased)
        let records = Dictionary(network.dnsRecords.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.init(
            name: try HostNames.network(environment.id, network.name),
            bridge: network.kind == .bridge
                ? HostNames.outsideBridge(environment.id, network.name) : HostNames.bridge(environment.id, network.name),
            kind: network.kind == .nat && network.egress == .off ? .isolated : network.kind, gateway: network.gateway,
            dhcp: network.dhcp.map { DHCP(start: $0.start, end: $0.end, hosts: hosts) },
            dns: network.management ? DNS(domain: network.dnsDomainName, records: records, subnetsWithIPv6: withIPv6) : nil,
            mtu: network.mtu, hasIPv6: hasIPv6 && network.hasIPv6,
            ownerTag: OwnerTag(prefix: environment.id, role: .network, name: network.name))
    }
}
