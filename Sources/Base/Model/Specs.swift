public import OrderedCollections

/// What the user wrote in an init file, with its types checked and its defaults still open.
public struct EnvironmentSpec: Sendable, Equatable {
    /// In file order: addresses are given in this order.
    public var domains: OrderedDictionary<String, DomainSpec>
    /// In file order: subnets are leased in this order.
    public var nets: OrderedDictionary<String, NetSpec>
    /// Where each field stands, for messages of later rooms.
    public var sources: SourceMap

    public init(domains: OrderedDictionary<String, DomainSpec>, nets: OrderedDictionary<String, NetSpec>, sources: SourceMap) {
        self.domains = domains
        self.nets = nets
        self.sources = sources
    }
}

/// One VM of an init file (spec 2.2). nil means "not written".
public struct DomainSpec: Sendable, Equatable {
    public var name: String
    /// MiB.
    public var memory: Int?
    public var vcpu: Int?
    public var cpuModel: String?
    /// A literal `<cpu>` element in xmltodict style.
    public var cpuCustom: Value?
    public var disks: [DiskSpec] = []
    public var nics: [NICSpec] = []
    public var serviceProvider: String?
    public var vmType: String?
    /// `local-libvirt` or `ssh`.
    public var vmProvider: String?
    public var rootPassword: String?
    public var sshPassword: String?
    public var sshUser: String?
    /// Seconds.
    public var bootTime: Int?
    public var distro: String?
    public var bootstrap: BootstrapKind?
    public var groups: [String] = []
    public var artifacts: [String] = []
    public var metadata: OrderedDictionary<String, Value> = [:]
    public var deployScripts: [String] = []
    public var skipExport = false
    /// The OVA a `type: ova` domain comes from, unexpanded.
    public var ovaURL: String?
    public var architecture: String?
    public var machine: String?
    /// `cloud-init: {user-data:, meta-data:}` as written.
    public var cloudInit: Value?
    public var graphics: Graphics = .none
    public var firmware: Firmware?
    public var hasTPM = false
    /// The whole mapping after prototypes and legacy keys were resolved, unknown keys included.
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(name: String) { self.name = name }
}

/// How a guest gets its identity.
public enum BootstrapKind: String, Sendable, CaseIterable {
    /// Offline, through one libguestfs appliance.
    case sysprep
    /// A NoCloud seed volume, read by cloud-init or by our own small reader.
    case cloudInit = "cloud-init"
    case none
}

/// What starts a machine before its disk does.
public enum Firmware: String, Sendable, CaseIterable { case bios, uefi }

/// A display; always on loopback.
public enum Graphics: String, Sendable, CaseIterable { case none, vnc, spice }

/// One disk of a VM (spec 2.3).
public struct DiskSpec: Sendable, Equatable {
    public enum Origin: Sendable, Equatable {
        /// An overlay on a template of the store.
        case template(name: String, version: String?)
        /// An overlay on a local qcow2.
        case qcow2(path: String)
        /// A fresh disk; `size` in qemu-img syntax.
        case empty(size: String)
        /// A file used in place, or copied; `url` is fetched first.
        case file(path: String?, url: String?, copy: Bool)
    }
    public enum Format: String, Sendable, CaseIterable { case qcow2, raw, iso }
    /// A size wished for.
    public struct Size: Sendable, Equatable, CustomStringConvertible {
        public var bytes: Int64
        /// Whether a larger image may stay as large as it is.
        public var isLeast: Bool

        public init(bytes: Int64, isLeast: Bool = false) {
            self.bytes = bytes
            self.isLeast = isLeast
        }

        /// `10G`, or `>= 10G`; nil for anything else, and for nothing.
        public init?(_ text: String) {
            isLeast = text.hasPrefix(">=")
            guard let size = ByteSize(String(text.dropFirst(isLeast ? 2 : 0))), size.bytes > 0 else { return nil }
            bytes = size.bytes
        }

        /// In whole bytes, as it is read back.
        public var description: String { (isLeast ? ">= " : "") + "\(bytes)" }
    }
    public var name: String
    /// `vda`, `sdb`, …
    public var device: String
    public var format: Format
    public var origin: Origin
    /// How large a layered disk is made; nil is as large as the image below it.
    public var size: Size?
    public var metadata: OrderedDictionary<String, Value> = [:]
    /// virt-customize steps (spec 6.6), as written.
    public var build: Value?
    public var skipExport = false
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(name: String, device: String, format: Format, origin: Origin) {
        self.name = name
        self.device = device
        self.format = format
        self.origin = origin
    }
}

/// One NIC of a VM; its index in the list is its ethN.
public struct NICSpec: Sendable, Equatable {
    public var net: String
    /// As written: often only its last octet counts (spec 2.4).
    public var ip: String?
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(net: String, ip: String? = nil) {
        self.net = net
        self.ip = ip
    }
}

/// What a network is connected to.
public enum NetKind: String, Sendable, CaseIterable { case nat, isolated, bridge }

/// One network of an init file (spec 2.4).
public struct NetSpec: Sendable, Equatable {
    public struct DHCPRange: Sendable, Equatable {
        /// Last octets, inclusive.
        public var start: Int
        public var end: Int
        public init(start: Int, end: Int) {
            self.start = start
            self.end = end
        }
    }
    public var name: String
    public var kind: NetKind = .nat
    /// As written.
    public var gateway: String?
    /// nil when the key is absent: that differs from `false` (spec 2.4, validation 3).
    public var management: Bool?
    public var dhcp: DHCPRange?
    public var dnsDomainName: String?
    public var dnsRecords: OrderedDictionary<String, String> = [:]
    public var mtu: Int?
    /// Whether it has IPv6 addresses, too; nil when it is not written: as true.
    public var ipv6: Bool?
    /// nil when it is not written: as `on`.
    public var egress: Egress?
    /// Whether the legacy `main_dns` was given.
    public var hasLegacyDNS = false
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(name: String) { self.name = name }
}
