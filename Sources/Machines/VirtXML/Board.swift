/// Properties of QEMU's machine types: buses, firmware, optical drives.
struct Board {
    let arch: String
    let machine: String

    init(arch: String, machine: String?) {
        self.arch = arch
        self.machine = machine ?? Self.usualMachine(arch)
    }

    /// Default machine type of the architecture.
    static func usualMachine(_ arch: String) -> String {
        switch arch {
        case "x86_64", "i686": "q35"
        case "ppc64", "ppc64le": "pseries"
        case "s390x": "s390-ccw-virtio"
        default: "virt"
        }
    }

    var isX86: Bool { arch == "x86_64" || arch == "i686" }
    var isQ35: Bool { isX86 && (machine == "q35" || machine.hasPrefix("pc-q35")) }
    var isPC: Bool { isX86 && !isQ35 && (machine == "pc" || machine.hasPrefix("pc-")) }
    var isS390: Bool { arch == "s390x" }
    /// Machine types with PCI Express, where each device has its own root port.
    var hasRootPorts: Bool { isQ35 || (machine == "virt" || machine.hasPrefix("virt-")) }
    /// Machine types that boot disks only through UEFI.
    var needsUEFI: Bool { arch == "aarch64" || arch == "riscv64" }
    /// Controller of CD-ROMs: the one built into the machine type, or virtio-scsi.
    var opticalBus: DomainDefinition.Bus { isQ35 ? .sata : isPC ? .ide : .scsi }
    /// Number of CD-ROMs on that controller.
    var opticalPlaces: Int { isQ35 ? 6 : isPC ? 4 : Int.max }
}
