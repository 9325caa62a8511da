/// How the commands that mend something are written on this host: as which user, with which package tool.
struct Remedies: Sendable {
    private let isRoot: Bool
    private let distributions: [String]
    private let machine: String
    let hasSystemd: Bool

    init(_ facts: HostFacts) {
        isRoot = facts.user.id == 0
        distributions = facts.distributions
        machine = facts.machine
        hasSystemd = facts.hasSystemd
    }

    /// The command as somebody who may type it.
    func root(_ command: String) -> String { isRoot ? command : "sudo " + command }

    /// Installs what a program is in. Names as in docs/packages.md.
    func install(_ program: String) -> [String] {
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
        "libguestfs": { _ in "libguestfs-devel guestfs-tools" },
        "kernel": { _ in "kernel-core" },
    ]
}
