public import OrderedCollections

/// A resolved environment: the spec plus saved decisions such as addresses, names and disk layers.
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
    /// Gateway; nil for a bridge network.
    public var gateway: IPv4Address?
    public var management: Bool
    public var dhcp: NetSpec.DHCPRange?
    public var dnsDomainName: String?
    /// On management networks: host name to address, of all networks.
    public var dnsRecords: OrderedDictionary<String, String>
    /// On other networks: the gateway of the management network.
    public var dnsForward: IPv4Address?
    public var mtu: Int?
    /// Host name to address, for the NICs on this network.
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

    /// Whether it has IPv6 addresses, derived from the IPv4 ones.
    public var hasIPv6: Bool { spec.ipv6 ?? true }
    /// What its guests can reach outside it.
    public var egress: Egress { spec.egress ?? .on }
    /// Whether its egress is restricted by a filter.
    public var isFiltered: Bool { egress != .on }

    /// The /24 of the gateway.
    public var subnet: IPv4Subnet? { gateway.map { IPv4Subnet(containing: $0) } }
}

/// One resolved VM.
public struct Machine: Sendable, Equatable {
    public var name: String
    public var spec: DomainSpec
    public var nics: [NIC]
    /// Disks in domain order. Empty in a dry run, where templates are not resolved.
    public var disks: [Disk]
    /// Name of its management network.
    public var managementNet: String
    /// Bootstrap method, once the template is known.
    public var bootstrap: BootstrapKind

    public init(spec: DomainSpec, nics: [NIC], managementNet: String) {
        name = spec.name
        self.spec = spec
        self.nics = nics
        disks = []
        self.managementNet = managementNet
        bootstrap = spec.bootstrap ?? .sysprep
    }

    /// Address of the NIC on the management network.
    public var address: IPv4Address? { nics.first { $0.net == managementNet }?.address }
    /// Memory in MiB; default of spec 2.2.
    public var memory: Int { spec.memory ?? 16384 }
    public var vcpus: Int { spec.vcpu ?? 2 }
    /// When the guest counts as ready: what the init file says, else after cloud-init where the init file brings work for it.
    public var readyCondition: ReadyCondition {
        if let written = spec.readyCondition { return written }
        let brings = [CloudInitDocument.userData, .vendorData].contains { document in
            spec.cloudInit?[document.rawValue].map { $0 != .null } ?? false
        }
        return bootstrap == .cloudInit && brings ? .cloudInit : .ssh
    }
    /// Whether the guest has credentials of this prefix: its key or the SSH password of the spec.
    public var acceptsOurLogin: Bool { bootstrap != .none || spec.sshPassword != nil }
    /// Whether libvirt on this host runs it.
    public var isLocal: Bool { (spec.vmProvider ?? "local-libvirt") == "local-libvirt" }
}

/// One resolved NIC.
public struct NIC: Sendable, Equatable {
    public var net: String
    public var address: IPv4Address?
    /// Set only if the MTU of the network is not 1500.
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
    /// Backing chain, nearest first.
    public var backing: [Layer]
    public var metadata: OrderedDictionary<String, Value>

    /// A file in a backing chain.
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
