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
        for name in machines.keys.sorted() {
            let nics = machines[name] ?? []
            for (nic, derived) in zip(nics, derivedNames(of: name, nics: nics)) {
                guard let address = nic.address else { continue }
                var names = derived
                if homes[name] == nic.net { names.append(name) }
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
