public import OrderedCollections

/// A resolved environment: the spec plus what was decided once and saved.
public struct Environment: Sendable, Equatable {
    public var id: PrefixID
    public var machines: OrderedDictionary<String, Machine>
    public var networks: OrderedDictionary<String, Network>

    public init(id: PrefixID, machines: OrderedDictionary<String, Machine>, networks: OrderedDictionary<String, Network>) {
        self.id = id
        self.machines = machines
        self.networks = networks
    }
}

/// One resolved network.
public struct Network: Sendable, Equatable {
    public var name: String
    public var kind: NetKind
    /// nil for a bridge net.
    public var gateway: IPv4Address?
    public var management: Bool
    public var dhcp: NetSpec.DHCPRange?
    public var dnsDomainName: String?
    /// On management nets: host name to address, all mappings merged.
    public var dnsRecords: OrderedDictionary<String, String>
    /// On the others: the management net's gateway.
    public var dnsForward: IPv4Address?
    public var mtu: Int?
    /// Host name to address, for the NICs on this net.
    public var mapping: OrderedDictionary<String, IPv4Address>
    public var spec: NetSpec

    public init(spec: NetSpec, gateway: IPv4Address?, management: Bool) {
        self.spec = spec
        name = spec.name
        kind = spec.kind
        self.gateway = gateway
        self.management = management
        dhcp = spec.dhcp
        dnsDomainName = nil
        dnsRecords = [:]
        dnsForward = nil
        mtu = spec.mtu
        mapping = [:]
    }

    /// Whether its host, guests and name server have IPv6 addresses beside the IPv4 ones they are derived from.
    public var hasIPv6: Bool { spec.ipv6 ?? true }
    /// What its guests reach beyond it.
    public var egress: Egress { spec.egress ?? .on }
    /// Whether a filter holds its guests back.
    public var isFiltered: Bool { egress != .on }

    /// The /24 around the gateway.
    public var subnet: IPv4Subnet? { gateway.map { IPv4Subnet(containing: $0) } }
}

/// One resolved VM.
public struct Machine: Sendable, Equatable {
    public var name: String
    public var spec: DomainSpec
    public var nics: [NIC]
    /// In domain order. Filled when templates are known; a dry run leaves it empty.
    public var disks: [Disk]
    /// The management net it is on.
    public var managementNet: String
    /// How its guest gets its identity, once its template is known.
    public var bootstrap: BootstrapKind

    public init(spec: DomainSpec, nics: [NIC], managementNet: String) {
        name = spec.name
        self.spec = spec
        self.nics = nics
        disks = []
        self.managementNet = managementNet
        bootstrap = spec.bootstrap ?? .sysprep
    }

    /// The address to reach it at: its NIC on the management net.
    public var address: IPv4Address? { nics.first { $0.net == managementNet }?.address }
    /// MiB; the default is the spec's 2.2.
    public var memory: Int { spec.memory ?? 16384 }
    public var vcpus: Int { spec.vcpu ?? 2 }
    /// Whether libvirt on this host runs it.
    public var isLocal: Bool { (spec.vmProvider ?? "local-libvirt") == "local-libvirt" }
}

/// One resolved NIC.
public struct NIC: Sendable, Equatable {
    public var net: String
    public var address: IPv4Address?
    /// Written only when the net's MTU differs from 1500.
    public var mtu: Int?

    public init(net: String, address: IPv4Address?, mtu: Int? = nil) {
        self.net = net
        self.address = address
        self.mtu = mtu
    }

    public var mac: MACAddress? { address.map(MACAddress.init(derivedFrom:)) }
}

/// One resolved disk.
public struct Disk: Sendable, Equatable {
    public var name: String
    public var device: String
    public var format: DiskSpec.Format
    /// Absolute path, or one that starts with `$LAGO_PREFIX_PATH`, so that a prefix can be moved.
    public var path: String
    /// What it is layered on, nearest first.
    public var backing: [Layer]
    public var metadata: OrderedDictionary<String, Value>

    /// A file under an overlay.
    public struct Layer: Sendable, Equatable {
        public var path: String
        public var format: DiskSpec.Format
        public init(path: String, format: DiskSpec.Format) {
            self.path = path
            self.format = format
        }
    }

    public init(
        name: String, device: String, format: DiskSpec.Format, path: String, backing: [Layer] = [],
        metadata: OrderedDictionary<String, Value> = [:]
    ) {
        self.name = name
        self.device = device
        self.format = format
        self.path = path
        self.backing = backing
        self.metadata = metadata
    }
}
