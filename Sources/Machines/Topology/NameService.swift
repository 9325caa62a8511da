import AtollModel
import OrderedCollections

/// Which names lead to which addresses (spec 2.4).
enum NameService {
    /// The names that each NIC of a VM gets beside the VM's own: `vm-eth0`, `vm-NET-0`, `vm-NET`. NICs without an address get none.
    static func derivedNames(of machine: String, nics: [NIC]) -> [[String]] {
        var counts: [String: Int] = [:]
        return nics.enumerated().map { index, nic in
            guard nic.address != nil else { return [] }
            let count = counts[nic.net, default: 0]
            counts[nic.net] = count + 1
            return ["\(machine)-eth\(index)", "\(machine)-\(nic.net)-\(count)"] + (count == 0 ? ["\(machine)-\(nic.net)"] : [])
        }
    }

    /// Fills `mapping`, `dnsRecords` and `dnsForward`.
    static func fill(
        _ networks: inout OrderedDictionary<String, Network>, machines: [String: [NIC]], homes: [String: String]
    ) {
        var mappings: [String: OrderedDictionary<String, IPv4Address>] = [:]
        let written = machines.keys.map { $0.lowercased() } + networks.values.flatMap { $0.spec.dnsRecords.keys.map { $0.lowercased() } }
        // A short name that two machines share, or that is a name by itself, belongs to neither.
        let shortNames = Dictionary(grouping: machines.keys.filter { $0.contains(".") }) { $0.split(separator: ".")[0].lowercased() }
            .filter { $0.value.count == 1 && !written.contains($0.key) }
        for name in machines.keys.sorted() {
            let nics = machines[name] ?? []
            for (nic, derived) in zip(nics, derivedNames(of: name, nics: nics)) {
                guard let address = nic.address else { continue }
                var names = derived
                if homes[name] == nic.net {
                    names.append(name)
                    let short = name.split(separator: ".").first.map(String.init) ?? name
                    if short != name, shortNames[short.lowercased()] != nil { names.append(short) }
                }
                for name in names { mappings[nic.net, default: [:]][name] = address }
            }
        }
        var all: OrderedDictionary<String, String> = [:]
        for name in networks.keys {
            var mapping = mappings[name] ?? [:]
            mapping.sort { $0.key < $1.key }
            networks[name]?.mapping = mapping
            for (host, address) in mapping { all[host] = address.description }
        }
        let forwarder = networks.values.filter(\.management).max { $0.name < $1.name }?.gateway
        for name in networks.keys {
            guard let network = networks[name] else { continue }
            if network.management {
                var records = network.spec.dnsRecords
                for (host, address) in all { records[host] = address }
                records.sort { $0.key < $1.key }
                networks[name]?.dnsRecords = records
            } else {
                networks[name]?.dnsForward = forwarder
            }
        }
    }
}
