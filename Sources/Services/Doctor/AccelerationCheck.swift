import AtollPlatform

/// Whether guests run on the CPU's virtualisation or are emulated.
enum AccelerationCheck {
    static func finding(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "acceleration", title = "hardware acceleration"
        let acceleration = facts.acceleration()
        if subject.accelerator == "tcg" {
            let other = acceleration.isUsable ? "KVM works here too, and is many times faster" : "KVM does not work here"
            return Finding(id, .ok, title, "TCG, as asked for; \(other): \(acceleration.reason)")
        }
        let isDemanded = subject.accelerator == "kvm"
        if acceleration.isUsable { return Finding(id, .ok, title, "KVM\(isDemanded ? ", as asked for" : ""): \(acceleration.reason)") }
        // Nothing falls back from what was asked for by name.
        let severity: Finding.Severity = isDemanded ? .failure : .warning
        let cost =
            isDemanded
            ? "no guest starts, because KVM is asked for; --accel auto (or tcg) emulates them, many times slower"
            : "guests are emulated (TCG), which works, many times slower"
        let isX86 = ["x86_64", "i686", "i386"].contains(facts.machine)
        if facts.status("/dev/kvm") == nil, let flag = facts.read("/proc/cpuinfo").flatMap(Self.flag), isX86 {
            let module = flag == "vmx" ? "kvm_intel" : "kvm_amd"
            return Finding(
                id, severity, title, "\(acceleration.reason), though the CPU has \(flag): \(cost)",
                remedy: [remedies.root("modprobe \(module)")])
        }
        // Nothing to type: what the machine cannot do, the firmware or the cloud it runs in would have to allow.
        return Finding(
            id, severity, title, "\(acceleration.reason): \(cost). Where the firmware or an outer hypervisor can offer it, enable it there")
    }

    private static func flag(_ text: String) -> String? {
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        return ["vmx", "svm"].first { flags.contains(Substring($0)) }
    }
}
