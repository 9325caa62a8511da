public import AtollModel
import OrderedCollections

/// A network as libvirt is to start it.
public struct NetworkDefinition: Sendable, Equatable {
    /// A host that the DHCP server always gives the same address.
    public struct Host: Sendable, Equatable {
        public var mac: MACAddress
        public var address: IPv4Address
        public var name: String

        public init(mac: MACAddress, address: IPv4Address, name: String) {
            self.mac = mac
            self.address = address
            self.name = name
        }
    }

    /// The DHCP server.
    public struct DHCP: Sendable, Equatable {
        /// Last octets of the addresses given to strangers, inclusive.
        public var start: Int
        public var end: Int
        public var hosts: [Host]

        public init(start: Int, end: Int, hosts: [Host]) {
            self.start = start
            self.end = end
            self.hosts = hosts
        }
    }

    /// The name server of a management network.
    public struct DNS: Sendable, Equatable {
        /// Answered here only, never asked for outside.
        public var domain: String?
        /// Address by host name; an address may have many names.
        public var records: [String: String]
        /// Nets of the environment that have IPv6: an address in one of them is answered by its IPv6 twin too.
        public var subnetsWithIPv6: [IPv4Subnet]
        /// Names outside that are answered with just these addresses: what a filter lets through must be what a guest is told.
        public var pinned: [String: [IPv4Address]] = [:]

        public init(domain: String?, records: [String: String], subnetsWithIPv6: [IPv4Subnet]) {
            self.domain = domain
            self.records = records
            self.subnetsWithIPv6 = subnetsWithIPv6
        }
    }

    public var name: String
    public var uuid: String?
    /// The Linux bridge device, at most 15 characters.
    public var bridge: String
    public var kind: NetKind
    /// The host's own address, of a /24; nil for a bridge net.
    public var gateway: IPv4Address?
    /// nil for a net without DHCP.
    public var dhcp: DHCP?
    /// nil switches the name server off.
    public var dns: DNS?
    /// Written when it is not 1500.
    public var mtu: Int?
    public var hasIPv6: Bool
    public var ownerTag: OwnerTag

    public init(
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
    public init(_ network: Network, of environment: Environment, hasIPv6: Bool) throws {
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
