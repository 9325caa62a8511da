public import AtollModel

/// Definition of a domain: everything libvirt needs to start it. `VirtXML.text` renders it; `DomainPlanner` derives it.
public struct DomainDefinition: Sendable, Equatable {
    /// Controller that a disk is attached to.
    public enum Bus: String, Sendable { case virtio, scsi, sata, ide }

    /// Disk layer: one image of a backing chain.
    public struct Layer: Sendable, Equatable {
        /// Absolute.
        public var path: String
        /// `qcow2` or `raw`.
        public var format: String

        public init(path: String, format: String) {
            self.path = path
            self.format = format
        }
    }

    /// A disk or CD-ROM.
    public struct DiskDevice: Sendable, Equatable {
        /// Serial number that the guest sees, from 1. The boot order is the order of the list.
        public var index: Int
        /// Top layer.
        public var image: Layer
        /// Requested device name (`vda`, `sdb`); `sd…` selects virtio-scsi. A CD-ROM gets the next free name of its controller.
        public var target: String
        public var isCDROM: Bool
        public var readonly: Bool
        /// Complete backing chain, nearest layer first.
        public var backing: [Layer]

        public init(index: Int, image: Layer, target: String, isCDROM: Bool = false, readonly: Bool = false, backing: [Layer] = []) {
            self.index = index
            self.image = image
            self.target = target
            self.isCDROM = isCDROM
            self.readonly = readonly
            self.backing = backing
        }
    }

    /// A virtio NIC on a libvirt network.
    public struct NICDevice: Sendable, Equatable {
        /// Name of the network in libvirt.
        public var network: String
        /// nil: libvirt generates one.
        public var mac: MACAddress?
        /// Omitted from the XML if it is 1500.
        public var mtu: Int?
        /// Name of the network filter for its traffic.
        public var filter: String?

        public init(network: String, mac: MACAddress? = nil, mtu: Int? = nil, filter: String? = nil) {
            self.network = network
            self.mac = mac
            self.mtu = mtu
            self.filter = filter
        }
    }

    public var name: String
    /// With or without dashes; nil: libvirt generates one.
    public var uuid: String?
    public var memoryMiB: Int
    public var vcpus: Int
    public var type: VirtualizationType
    /// libvirt's spelling: `x86_64`, `aarch64`, …
    public var arch: String
    /// Machine type; nil: the default of the architecture, `q35` on x86_64.
    public var machine: String?
    /// Path of the emulator; nil: libvirt selects it.
    public var emulator: String?
    public var cpu: CPUChoice
    public var disks: [DiskDevice]
    public var nics: [NICDevice]
    /// Display; it listens on loopback only.
    public var graphics: Graphics
    /// File that the serial console is appended to. It must exist, so that its owner and mode stay those of its creator.
    public var consoleLogPath: String
    public var ownerTag: OwnerTag
    /// Whether the guest gets a new generation ID at every start; x86 only.
    public var hasGenerationID: Bool
    /// Whether NICs use vhost-net; libvirt rejects the driver if the host lacks it.
    public var hasVhostNet: Bool
    /// nil: the default of the machine type.
    public var firmware: Firmware?
    /// File of the UEFI variables; nil: libvirt's directory, where the file outlives the domain.
    public var nvramPath: String?
    /// Whether it has a TPM 2.0, emulated by swtpm.
    public var hasTPM = false
    /// Number of empty PCI Express ports for devices attached later.
    public var spareRootPorts: Int

    public init(
        name: String, uuid: String? = nil, memoryMiB: Int, vcpus: Int, type: VirtualizationType, arch: String = "x86_64",
        machine: String? = nil, emulator: String? = nil, cpu: CPUChoice = .host, disks: [DiskDevice], nics: [NICDevice],
        graphics: Graphics = .none, consoleLogPath: String, ownerTag: OwnerTag, hasGenerationID: Bool = true, hasVhostNet: Bool,
        spareRootPorts: Int = 4
    ) {
        self.name = name
        self.uuid = uuid
        self.memoryMiB = memoryMiB
        self.vcpus = vcpus
        self.type = type
        self.arch = arch
        self.machine = machine
        self.emulator = emulator
        self.cpu = cpu
        self.disks = disks
        self.nics = nics
        self.graphics = graphics
        self.consoleLogPath = consoleLogPath
        self.ownerTag = ownerTag
        self.hasGenerationID = hasGenerationID
        self.hasVhostNet = hasVhostNet
        self.spareRootPorts = spareRootPorts
    }
}

extension DomainDefinition {
    /// Whether the firmware is UEFI: requested, or the only one of the machine type.
    public var usesUEFI: Bool { firmware == .uefi || Board(arch: arch, machine: machine).needsUEFI }
    /// TPM model of its machine type.
    public var tpmModel: String { Board(arch: arch, machine: machine).isX86 ? "tpm-crb" : "tpm-tis" }
}

extension DiskSpec.Format {
    /// QEMU's name of the format: an ISO image is raw.
    public var imageFormat: String { self == .iso ? Self.raw.rawValue : rawValue }
}
