package import AtollModel
import OrderedCollections

extension Topology {
    /// What a dry run prints: `{"domains": {NAME: {"mgmt_net", "nics"}}, "nets": {NAME: {"type", "gw", …}}}`. What is not set is not there.
    package static func document(_ environment: Environment) -> Value {
        [
            "domains": .map(environment.machines.mapValues(document)),
            "nets": .map(environment.networks.mapValues(document)),
        ]
    }

    private static func document(_ machine: Machine) -> Value {
        let nics = machine.nics.map { nic in
            var members: OrderedDictionary<String, Value> = ["net": .string(nic.net)]
            members["ip"] = nic.address.map { .string($0.description) }
            members["mtu"] = nic.mtu.map(Value.int)
            return Value.map(members)
        }
        return ["mgmt_net": .string(machine.managementNet), "nics": .list(nics)]
    }

    /// One net, resolved, as saved specs and dry runs show it.
    package static func document(_ network: Network) -> Value {
        var members: OrderedDictionary<String, Value> = ["type": .string(network.kind.rawValue)]
        members["gw"] = network.gateway.map { .string($0.description) }
        // Absent and false differ in an init file, and so they do here.
        members["management"] = network.management ? true : network.spec.management.map(Value.bool)
        members["mapping"] = .map(network.mapping.mapValues { .string($0.description) })
        let records = network.management ? network.dnsRecords : network.spec.dnsRecords
        members["dns_records"] = network.management || !records.isEmpty ? .map(records.mapValues(Value.string)) : nil
        members["dns_domain_name"] = network.dnsDomainName.map(Value.string)
        members["dns_forward"] = network.dnsForward.map { .string($0.description) }
        members["mtu"] = network.mtu.map(Value.int)
        return .map(members)
    }
}
