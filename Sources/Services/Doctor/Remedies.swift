/// How the commands that mend something are written on this host: as which user, with which package tool.
struct Remedies: Sendable {
    private let isRoot: Bool
    private let distributions: [String]
    private let machine: String
    /// Since libvirt 10.9 Debian keeps each driver in a package of its own.
    private let hasSplitLibvirt: Bool
    let hasSystemd: Bool

    init(_ facts: HostFacts) {
        isRoot = facts.user.id == 0
        distributions = facts.distributions
        machine = facts.machine
        hasSplitLibvirt = facts.status("/var/lib/dpkg/info/libvirt-daemon-common.list") != nil
        hasSystemd = facts.hasSystemd
    }

    /// The command as somebody who may type it.
    func root(_ command: String) -> String { isRoot ? command : "sudo " + command }

    /// Installs what a program is in. Names as in docs/packages.md.
    func install(_ program: String) -> [String] {
        let program = program == "nwfilter" && !hasSplitLibvirt ? "nwfilter-whole" : program
        if distributions.contains("debian") || distributions.contains("ubuntu") {
            return Self.debian[program].map { [root("apt-get install -y " + $0(machine, distributions.first ?? "debian"))] } ?? []
        }
        if distributions.contains("fedora") || distributions.contains("rhel") {
            return Self.fedora[program].map { [root("dnf install -y " + $0(machine))] } ?? []
        }
        return []
    }

    private static let debian: [String: @Sendable (_ machine: String, _ distribution: String) -> String] = [
        "libvirtd": { _, _ in "libvirt-daemon-system" },
        "qemu-system": { machine, _ in
            switch machine {
            case "x86_64", "i686": "qemu-system-x86"
            case "aarch64": "qemu-system-arm"
            case "ppc64le": "qemu-system-ppc"
            default: "qemu-system-misc"
            }
        },
        "qemu-img": { _, _ in "qemu-utils" },
        "dnsmasq": { _, _ in "dnsmasq-base" },
        "mmdebstrap": { _, _ in "mmdebstrap" },
        "setfacl": { _, _ in "acl" },
        "swtpm": { _, _ in "swtpm swtpm-tools" },
        "uefi": { machine, _ in machine == "aarch64" ? "qemu-efi-aarch64" : "ovmf" },
        "nwfilter": { _, _ in "libvirt-daemon-driver-nwfilter" },
        "nwfilter-whole": { _, _ in "libvirt-daemon" },
        "libguestfs": { _, _ in "libguestfs-dev libguestfs-tools" },
        "kernel": { machine, distribution in
            if distribution == "ubuntu" { return "linux-image-virtual" }
            switch machine {
            case "x86_64": return "linux-image-cloud-amd64"
            case "aarch64": return "linux-image-cloud-arm64"
            case "ppc64le": return "linux-image-powerpc64le"
            default: return "linux-image-" + machine
            }
        },
    ]

    private static let fedora: [String: @Sendable (_ machine: String) -> String] = [
        "libvirtd": { _ in "libvirt-daemon-kvm libvirt-daemon-config-network" },
        "qemu-system": { machine in
            switch machine {
            case "aarch64": "qemu-system-aarch64-core"
            case "ppc64le": "qemu-system-ppc-core"
            case "s390x": "qemu-system-s390x-core"
            default: "qemu-system-x86-core"
            }
        },
        "qemu-img": { _ in "qemu-img" },
        "dnsmasq": { _ in "dnsmasq" },
        "mmdebstrap": { _ in "mmdebstrap" },
        "setfacl": { _ in "acl" },
        "swtpm": { _ in "swtpm swtpm-tools" },
        "uefi": { machine in machine == "aarch64" ? "edk2-aarch64" : "edk2-ovmf" },
        "nwfilter-whole": { _ in "libvirt-daemon-driver-nwfilter" },
        "libguestfs": { _ in "libguestfs-devel guestfs-tools" },
        "kernel": { _ in "kernel-core" },
    ]
}
