import AtollPlatform

/// Whether guests run on the CPU's virtualisation or are emulated.
enum AccelerationCheck {
    static func finding(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "acceleration", title = "hardware acceleration"
        let acceleration = facts.acceleration()
        if acceleration.isUsable { return Finding(id, .ok, title, "KVM: \(acceleration.reason)") }
        let cost = "guests are emulated (TCG), which works, many times slower"
        let isX86 = ["x86_64", "i686", "i386"].contains(facts.machine)
        if facts.status("/dev/kvm") == nil, let flag = facts.read("/proc/cpuinfo").flatMap(Self.flag), isX86 {
            let module = flag == "vmx" ? "kvm_intel" : "kvm_amd"
            return Finding(
                id, .warning, title, "\(acceleration.reason), though the CPU has \(flag): \(cost)",
                remedy: [remedies.root("modprobe \(module)")])
        }
        // Nothing to type: what the machine cannot do, the firmware or the cloud it runs in would have to allow.
        return Finding(
            id, .warning, title, "\(acceleration.reason): \(cost). Where the firmware or an outer hypervisor can offer it, enable it there")
    }

    private static func flag(_ text: String) -> String? {
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        return ["vmx", "svm"].first { flags.contains(Substring($0)) }
    }
}
