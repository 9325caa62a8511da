/// The programs that libvirt or we start.
enum ProgramCheck {
    /// QEMU's own name for an architecture that `uname -m` names.
    static func emulator(_ machine: String) -> String {
        switch machine {
        case "i686", "i386": "qemu-system-i386"
        case "ppc64le": "qemu-system-ppc64"
        case "armv7l", "armv6l": "qemu-system-arm"
        default: "qemu-system-" + machine
        }
    }

    static func findings(_ facts: HostFacts, _ remedies: Remedies) -> [Finding] {
        [
            finding("qemu", emulator(facts.machine), package: "qemu-system", need: "no guest runs without it", facts, remedies),
            finding("qemu-img", "qemu-img", package: "qemu-img", need: "no disk is made without it", facts, remedies),
            finding("dnsmasq", "dnsmasq", package: "dnsmasq", need: "libvirt's networks have no DHCP and DNS without it", facts, remedies),
            finding(
                "setfacl", "setfacl", package: "setfacl", need: "the commands below that open a path to QEMU want it", severity: .warning,
                facts, remedies),
            finding(
                "mmdebstrap", "mmdebstrap", package: "mmdebstrap", need: "Debian templates cannot be built without it", severity: .warning,
                facts,
                remedies),
        ]
    }

    private static func finding(
        _ id: String, _ program: String, package: String, need: String, severity: Finding.Severity = .failure, _ facts: HostFacts,
        _ remedies: Remedies
    ) -> Finding {
        // The distributions of the RHEL family keep their one emulator outside PATH, under one name.
        if let path = facts.program(program) ?? (id == "qemu" ? facts.program("qemu-kvm") : nil) {
            return Finding(id, .ok, program, "it is \(path)")
        }
        return Finding(id, severity, program, "it is not installed; \(need)", remedy: remedies.install(package))
    }
}
