/// What differs between the machines QEMU offers: buses, firmware, what exists at all.
struct Board {
    let arch: String
    let machine: String

    init(arch: String, machine: String?) {
        self.arch = arch
        self.machine = machine ?? Self.usualMachine(arch)
    }

    /// The machine chosen when none is asked for.
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
    /// Machines whose devices sit on PCI Express, each in a port of its own.
    var hasRootPorts: Bool { isQ35 || (machine == "virt" || machine.hasPrefix("virt-")) }
    /// Machines that boot a disk only through UEFI.
    var needsUEFI: Bool { arch == "aarch64" || arch == "riscv64" }
    /// Where a CD-ROM goes: the controller every machine of the kind has, or virtio-scsi.
    var opticalBus: DomainDefinition.Bus { isQ35 ? .sata : isPC ? .ide : .scsi }
    /// How many CD-ROMs that controller takes.
    var opticalPlaces: Int { isQ35 ? 6 : isPC ? 4 : Int.max }
}
