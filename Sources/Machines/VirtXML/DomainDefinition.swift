package import AtollModel
import OrderedCollections

/// A domain as libvirt is to start it.
package struct DomainDefinition: Sendable, Equatable {
    /// The controller a disk hangs on.
    package enum Bus: String, Sendable { case virtio, scsi, sata, ide }

    /// A file under a disk.
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
        /// From 1; becomes the serial number the guest sees. Disks are booted in the order of the list.
        package var index: Int
        /// The file itself.
        package var image: Layer
        /// The device name asked for (`vda`, `sdb`); `sd…` puts it on virtio-scsi. CD-ROMs are given the next free one of their controller.
        package var target: String
        package var isCDROM: Bool
        package var readonly: Bool
        /// What the file is layered on, nearest first, to the very end.
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
        /// The name libvirt knows the network by.
        package var network: String
        /// nil lets libvirt draw one.
        package var mac: MACAddress?
        /// Written when it is not 1500.
        package var mtu: Int?
        /// The network filter that what it sends and is sent goes through.
        package var filter: String?

        package init(network: String, mac: MACAddress? = nil, mtu: Int? = nil, filter: String? = nil) {
            self.network = network
            self.mac = mac
            self.mtu = mtu
            self.filter = filter
        }
    }

    package var name: String
    /// With or without dashes; nil lets libvirt draw one.
    package var uuid: String?
    package var memoryMiB: Int
    package var vcpus: Int
    package var type: VirtualizationType
    /// As libvirt spells it: `x86_64`, `aarch64`, …
    package var arch: String
    /// nil for the usual one of the architecture: `q35` on x86_64.
    package var machine: String?
    /// Path of the emulator; nil lets libvirt choose.
    package var emulator: String?
    package var cpu: CPUChoice
    package var disks: [DiskDevice]
    package var nics: [NICDevice]
    /// A display, on loopback only.
    package var graphics: Graphics
    /// The file the serial console is appended to. It is created beforehand, so that it stays its creator's.
    package var consoleLogPath: String
    package var mark: Mark
    /// Whether the guest is told a fresh generation ID at every start; x86 only.
    package var hasGenerationID: Bool
    /// Whether the host has vhost-net: libvirt refuses the driver where it is missing.
    package var hasVhostNet: Bool
    /// nil is the machine's usual one: UEFI where there is no other.
    package var firmware: Firmware?
    /// Where UEFI's variables are kept; nil is libvirt's own place, where they stay behind when the domain is gone.
    package var nvramPath: String?
    /// Whether it has a TPM 2.0, emulated by swtpm.
    package var hasTPM = false
    /// Empty PCI Express ports beside those in use, for devices attached later.
    package var spareRootPorts: Int

    package init(
        name: String, uuid: String? = nil, memoryMiB: Int, vcpus: Int, type: VirtualizationType, arch: String = "x86_64",
        machine: String? = nil, emulator: String? = nil, cpu: CPUChoice = .host, disks: [DiskDevice], nics: [NICDevice],
        graphics: Graphics = .none, consoleLogPath: String, mark: Mark, hasGenerationID: Bool = true, hasVhostNet: Bool,
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
        self.mark = mark
        self.hasGenerationID = hasGenerationID
        self.hasVhostNet = hasVhostNet
        self.spareRootPorts = spareRootPorts
    }

    /// The definition of a VM of an environment.
    /// - Parameters:
    ///   - cpu: see `CPUChoice.choose`.
    ///   - arch: of its template, when the init file names none.
    ///   - path: the absolute path of an image as the environment stores it.
    package init(
        _ machine: Machine, of environment: Environment, type: VirtualizationType, cpu: CPUChoice, arch: String, emulator: String? = nil,
        hasVhostNet: Bool, consoleLogPath: String, path: (String) -> String
    ) throws {
        self.init(
            name: HostNames.domain(environment.id, machine.name), memoryMiB: machine.memory, vcpus: machine.vcpus, type: type,
            arch: machine.spec.architecture ?? arch, machine: machine.spec.machine, emulator: emulator, cpu: cpu,
            disks: machine.disks.enumerated().map { offset, disk in
                DiskDevice(
                    index: offset + 1, image: Layer(path: path(disk.path), format: disk.format.imageFormat), target: disk.device,
                    isCDROM: disk.format == .iso, readonly: disk.format == .iso,
                    backing: disk.backing.map { Layer(path: path($0.path), format: $0.format.imageFormat) })
            },
            nics: try machine.nics.map { nic in
                let isFiltered = environment.networks[nic.net]?.isFiltered == true
                return NICDevice(
                    network: try HostNames.network(environment.id, nic.net), mac: nic.mac, mtu: nic.mtu,
                    filter: isFiltered ? HostNames.filter(environment.id, nic.net) : nil)
            },
            graphics: machine.spec.graphics, consoleLogPath: consoleLogPath,
            mark: Mark(
                prefix: environment.id, role: .vm, name: machine.name, expires: machine.spec.metadata["atoll-expires"]?.text),
            hasVhostNet: hasVhostNet)
        firmware = machine.spec.firmware
        hasTPM = machine.spec.hasTPM
    }
}

extension DomainDefinition {
    /// Whether UEFI starts it, because it is asked to or there is nothing else.
    package var usesUEFI: Bool { firmware == .uefi || Board(arch: arch, machine: machine).needsUEFI }
    /// The kind of TPM its machine has.
    package var tpmModel: String { Board(arch: arch, machine: machine).isX86 ? "tpm-crb" : "tpm-tis" }
}

extension DiskSpec.Format {
    /// How QEMU reads such a file: an ISO is raw.
    var imageFormat: String { self == .iso ? Self.raw.rawValue : rawValue }
}
