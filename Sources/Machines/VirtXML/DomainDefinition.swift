package import AtollModel

/// Definition of a domain: everything libvirt needs to start it. `VirtXML.text` renders it; `DomainPlanner` derives it.
package struct DomainDefinition: Sendable, Equatable {
    /// Controller that a disk is attached to.
    package enum Bus: String, Sendable { case virtio, scsi, sata, ide }

    /// Disk layer: one image of a backing chain.
    package struct Layer: Sendable, Equatable {
        /// Absolute.
        package var path: String
        /// `qcow2` or `raw`.
        package var format: String

        package init(path: String, format: String) {
            self.path = path
            self.format = format
        }
    }

    /// A disk or CD-ROM.
    package struct DiskDevice: Sendable, Equatable {
        /// Serial number that the guest sees, from 1. The boot order is the order of the list.
        package var index: Int
        /// Top layer.
        package var image: Layer
        /// Requested device name (`vda`, `sdb`); `sd…` selects virtio-scsi. A CD-ROM gets the next free name of its controller.
        package var target: String
        package var isCDROM: Bool
        package var readonly: Bool
        /// Complete backing chain, nearest layer first.
        package var backing: [Layer]

        package init(index: Int, image: Layer, target: String, isCDROM: Bool = false, readonly: Bool = false, backing: [Layer] = []) {
            self.index = index
            self.image = image
            self.target = target
            self.isCDROM = isCDROM
            self.readonly = readonly
            self.backing = backing
        }
    }

    /// A virtio NIC on a libvirt network.
    package struct NICDevice: Sendable, Equatable {
        /// Name of the network in libvirt.
        package var network: String
        /// nil: libvirt generates one.
        package var mac: MACAddress?
        /// Omitted from the XML if it is 1500.
        package var mtu: Int?
        /// Name of the network filter for its traffic.
        package var filter: String?

        package init(network: String, mac: MACAddress? = nil, mtu: Int? = nil, filter: String? = nil) {
            self.network = network
            self.mac = mac
            self.mtu = mtu
            self.filter = filter
        }
    }

    package var name: String
    /// With or without dashes; nil: libvirt generates one.
    package var uuid: String?
    package var memoryMiB: Int
    package var vcpus: Int
    package var type: VirtualizationType
    /// libvirt's spelling: `x86_64`, `aarch64`, …
    package var arch: String
    /// Machine type; nil: the default of the architecture, `q35` on x86_64.
    package var machine: String?
    /// Path of the emulator; nil: libvirt selects it.
    package var emulator: String?
    package var cpu: CPUChoice
    package var disks: [DiskDevice]
    package var nics: [NICDevice]
    /// Display; it listens on loopback only.
    package var graphics: Graphics
    /// File that the serial console is appended to. It must exist, so that its owner and mode stay those of its creator.
    package var consoleLogPath: String
    package var ownerTag: OwnerTag
    /// Whether the guest gets a new generation ID at every start; x86 only.
    package var hasGenerationID: Bool
    /// Whether NICs use vhost-net; libvirt rejects the driver if the host lacks it.
    package var hasVhostNet: Bool
    /// nil: the default of the machine type.
    package var firmware: Firmware?
    /// File of the UEFI variables; nil: libvirt's directory, where the file outlives the domain.
    package var nvramPath: String?
    /// Whether it has a TPM 2.0, emulated by swtpm.
    package var hasTPM = false
    /// Number of empty PCI Express ports for devices attached later.
    package var spareRootPorts: Int

    package init(
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
    package var usesUEFI: Bool { firmware == .uefi || Board(arch: arch, machine: machine).needsUEFI }
    /// TPM model of its machine type.
    package var tpmModel: String { Board(arch: arch, machine: machine).isX86 ? "tpm-crb" : "tpm-tis" }
}

extension DiskSpec.Format {
    /// QEMU's name of the format: an ISO image is raw.
    package var imageFormat: String { self == .iso ? Self.raw.rawValue : rawValue }
}
