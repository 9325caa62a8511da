import AtollModel
import OrderedCollections

/// What a finished verb says about the VMs: their addresses.
enum Addresses {
    /// `{"vm-a": {"address": "192.168.200.2"}}`; null where none is known.
    static func document(_ machines: some Sequence<Machine>) -> Value {
        .map(
            OrderedDictionary(
                machines.map { ($0.name, ["address": $0.address.map { .string("\($0)") } ?? .null]) },
                uniquingKeysWith: { first, _ in first }))
    }

    /// `2 VMs, 1 network`.
    static func count(_ environment: Environment) -> String {
        func some(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
        return "\(some(environment.machines.count, "VM")), \(some(environment.networks.count, "network"))"
    }
}
