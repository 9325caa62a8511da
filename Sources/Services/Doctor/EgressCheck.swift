/// What a network's `egress` needs where it is not `on`: libvirt's network filters, and a kernel that shows packets which cross a
/// bridge to the firewall. Networks without it need neither.
enum EgressCheck {
    private static let need = "tasks in VMs (but with --egress on) and networks whose egress is limited need it, and are refused without"

    static func findings(_ answer: LibvirtAnswer?, _ facts: HostFacts, _ remedies: Remedies) -> [Finding] {
        [filters(answer, facts, remedies), bridges(facts, remedies)]
    }

    private static func filters(_ answer: LibvirtAnswer?, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "network-filters", title = "libvirt's network filters"
        guard case .versions(_, _, let problem)? = answer else { return Finding(id, .warning, title, "not asked for: libvirt comes first") }
        guard let problem else { return Finding(id, .ok, title, "libvirt has them") }
        let isModular = facts.program("virtnwfilterd") != nil
        let start =
            facts.hasSystemd
            ? "systemctl " + (isModular ? "enable --now virtnwfilterd.socket" : "restart libvirtd.service")
            : isModular ? "virtnwfilterd -d" : nil
        return Finding(
            id, .warning, title, "the nwfilter driver is missing (\(problem)); \(need)",
            remedy: (isModular ? [] : remedies.install("nwfilter")) + (start.map { [remedies.root($0)] } ?? LibvirtCheck.restart(remedies)))
    }

    private static func bridges(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "bridge-firewall", title = "the firewall for bridges"
        let keys = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"]
        let values = keys.map { (key: "net.bridge." + $0, value: facts.read("/proc/sys/net/bridge/" + $0)) }
        if values.allSatisfy({ $0.value == nil }) {
            return Finding(id, .ok, title, "the kernel's module for it (br_netfilter) comes with the first filter")
        }
        let off = values.filter { $0.value?.first != "1" }.map(\.key)
        guard !off.isEmpty else { return Finding(id, .ok, title, "packets that cross a bridge pass it") }
        let file = "/etc/sysctl.d/90-atoll.conf"
        return Finding(
            id, .warning, title, "packets that cross a bridge do not pass it (\(off.joined(separator: ", "))); \(need)",
            remedy: [
                "printf '%s\\n' \(off.map { "\($0)=1" }.joined(separator: " ")) | " + remedies.root("tee \(file)"),
                remedies.root("sysctl -p \(file)"),
            ])
    }
}
