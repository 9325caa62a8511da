public import OrderedCollections

/// Content of an init file, with types checked and defaults not yet applied.
public struct EnvironmentSpec: Sendable, Equatable {
    /// Domains in file order, which is the order of address assignment.
    public var domains: OrderedDictionary<String, DomainSpec>
    /// Networks in file order, which is the order of subnet leases.
    public var nets: OrderedDictionary<String, NetSpec>
    /// Position of each field, for messages.
    public var sources: SourceMap

    public init(domains: OrderedDictionary<String, DomainSpec>, nets: OrderedDictionary<String, NetSpec>, sources: SourceMap) {
        self.domains = domains
        self.nets = nets
        self.sources = sources
    }
}

/// One VM of an init file (spec 2.2). nil means absent.
public struct DomainSpec: Sendable, Equatable {
    public var name: String
    /// Memory in MiB.
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
    /// The OVA of a `type: ova` domain, unexpanded.
    public var ovaURL: String?
    public var architecture: String?
    public var machine: String?
    /// The mapping `cloud-init` as written; its keys are those of `CloudInitDocument`.
    public var cloudInit: Value?
    /// When the guest counts as ready; nil when not written.
    public var readyCondition: ReadyCondition?
    public var graphics: Graphics = .none
    public var firmware: Firmware?
    public var hasTPM = false
    /// The whole mapping with prototypes and legacy keys resolved, including unknown keys.
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(name: String) { self.name = name }
}

/// How a guest gets its identity.
public enum BootstrapKind: String, Sendable, CaseIterable {
    /// Offline, with a libguestfs appliance.
    case sysprep
    /// By a NoCloud seed volume, read by cloud-init or by the bundled reader.
    case cloudInit = "cloud-init"
    case none
}

/// Firmware of a VM.
public enum Firmware: String, Sendable, CaseIterable { case bios, uefi }

/// Type of display; always bound to loopback.
public enum Graphics: String, Sendable, CaseIterable { case none, vnc, spice }

/// One disk of a VM (spec 2.3).
public struct DiskSpec: Sendable, Equatable {
    public enum Origin: Sendable, Equatable {
        /// An overlay on a template of the store.
        case template(name: String, version: String?)
        /// An overlay on a local qcow2.
        case qcow2(path: String)
        /// An empty disk; `size` in qemu-img syntax.
        case empty(size: String)
        /// A file used in place, or copied; `url` is fetched first.
        case file(path: String?, url: String?, copy: Bool)
    }
    public enum Format: String, Sendable, CaseIterable { case qcow2, raw, iso }
    /// A requested disk size.
    public struct Size: Sendable, Equatable, CustomStringConvertible {
        public var bytes: Int64
        /// Whether a larger image keeps its size.
        public var isLeast: Bool

        public init(bytes: Int64, isLeast: Bool = false) {
            self.bytes = bytes
            self.isLeast = isLeast
        }

        /// Parses `10G` or `>= 10G`; nil for anything else, and for a size of zero.
        public init?(_ text: String) {
            isLeast = text.hasPrefix(">=")
            guard let size = ByteSize(String(text.dropFirst(isLeast ? 2 : 0))), size.bytes > 0 else { return nil }
            bytes = size.bytes
        }

        /// Parseable text form, in bytes.
        public var description: String { (isLeast ? ">= " : "") + "\(bytes)" }
    }
    public var name: String
    /// Device name: `vda`, `sdb`, …
    public var device: String
    public var format: Format
    public var origin: Origin
    /// Size of an overlay; nil for the size of its backing file.
    public var size: Size?
    public var metadata: OrderedDictionary<String, Value> = [:]
    /// virt-customize commands (spec 6.6), as written.
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

/// One NIC of a VM; its index in the list is the N of ethN.
public struct NICSpec: Sendable, Equatable {
    public var net: String
    /// Address as written: often only its last octet is used (spec 2.4).
    public var ip: String?
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(net: String, ip: String? = nil) {
        self.net = net
        self.ip = ip
    }
}

/// Type of a network.
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
    /// nil if the key is absent, which differs from `false` (spec 2.4, validation 3).
    public var management: Bool?
    public var dhcp: DHCPRange?
    public var dnsDomainName: String?
    public var dnsRecords: OrderedDictionary<String, String> = [:]
    public var mtu: Int?
    /// Whether it has IPv6 addresses; nil if absent (default: true).
    public var ipv6: Bool?
    /// nil if absent (default: `on`).
    public var egress: Egress?
    /// Whether the legacy key `main_dns` was used.
    public var hasLegacyDNS = false
    public var raw: OrderedDictionary<String, Value> = [:]

    public init(name: String) { self.name = name }
}
