import AtollModel
import OrderedCollections

/// Which names lead to which addresses (spec 2.4).
enum NameService {
    /// Fills `mapping`, `dnsRecords` and `dnsForward`.
    static func fill(
        _ networks: inout OrderedDictionary<String, Network>, machines: [String: [NIC]], homes: [String: String]
    ) {
        var mappings: [String: OrderedDictionary<String, IPv4Address>] = [:]
        for name in machines.keys.sorted() {
            var counts: [String: Int] = [:]
            for (index, nic) in (machines[name] ?? []).enumerated() {
                guard let address = nic.address else { continue }
                let count = counts[nic.net, default: 0]
                counts[nic.net] = count + 1
                var names = ["\(name)-eth\(index)", "\(name)-\(nic.net)-\(count)"]
                if count == 0 { names.append("\(name)-\(nic.net)") }
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
