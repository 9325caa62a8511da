import AtollModel
import OrderedCollections

extension Resolution {
    /// Names of the management nets: the flagged ones, else the alphabetically first net.
    mutating func selectManagement() -> Set<String> {
        guard let first = spec.nets.keys.min(by: precedes) else {
            if doubts.nets { return [] }
            error(.keys("nets"), "no networks configured; an environment needs at least one net, such as `nets: {net-01: {type: nat}}`")
            return []
        }
        var management = Set(spec.nets.values.filter { $0.management == true }.map(\.name))
        if management.isEmpty { management = [first] }

        let stray = spec.nets.values.filter { net in
            !doubts.has("management", ofNet: net.name) && net.management == nil && !management.contains(net.name)
                && (net.dnsDomainName != nil || net.hasLegacyDNS)
        }
        if spec.nets.count > 1 && !stray.isEmpty {
            let names = stray.map(\.name).joined(separator: ",")
            for net in stray {
                let key = net.dnsDomainName != nil ? "dns_domain_name" : "main_dns"
                error(
                    .keys("nets", net.name, key),
                    "networks: \(names), misconfigured, they are not marked as management, but have DNS attributes. DNS is supported only in "
                        + "management networks: add `management: true` or remove \(key)")
            }
        }
        return management
    }

    /// The one management net of each VM.
    mutating func managementNets(among management: Set<String>) -> [String: String] {
        var homes: [String: String] = [:]
        // Without any net, that has been said already.
        guard !management.isEmpty else { return homes }
        let isKnown = !doubts.nets && !spec.nets.keys.contains { doubts.has("management", ofNet: $0) }
        let isFlagged = spec.nets.values.contains { $0.management == true }
        for (name, domain) in spec.domains {
            let nets = domain.nics.map(\.net).filter(management.contains)
            switch nets.count {
            case 1: homes[name] = nets[0]
            case 0:
                // A NIC on a net that is not there might have been the one.
                guard isKnown, !doubts.nics(of: domain), domain.nics.allSatisfy({ spec.nets[$0.net] != nil }) else { continue }
                error(
                    .keys("domains", name, "nics"),
                    "VM \(name) has no management network, please connect it to one: \(management.sorted(by: precedes).joined(separator: ", "))"
                )
            default:
                guard isKnown || isFlagged else { continue }
                error(
                    .keys("domains", name, "nics"),
                    "VM \(name) has more than one management network: \(nets.joined(separator: ", ")); keep one NIC on one of them")
            }
        }
        return homes
    }

    func precedes(_ a: String, _ b: String) -> Bool { a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars) }
}
