import AtollModel
import OrderedCollections

extension Resolution {
    /// A DNS name that the environment serves, and what it belongs to.
    private struct Owner {
        var domain: String
        /// nil for the name of the VM itself.
        var nic: Int?
        var name: String
        var address: IPv4Address?
    }

    /// Refuses names that DNS cannot tell apart: it ignores case, and every management net serves the names of all nets.
    mutating func checkNames(homes: [String: String], nics: [String: [NIC]]) {
        var owners: [String: Owner] = [:]
        var refused: Set<String> = []
        for name in spec.domains.keys {
            if let other = owners[name.lowercased()] {
                error(.keys("domains", name), "VM '\(name)' and VM '\(other.domain)' have one DNS name: DNS ignores case; rename one")
                refused.insert(name)
                refused.insert(other.domain)
                continue
            }
            let address = nics[name]?.first { $0.net == homes[name] }?.address
            owners[name.lowercased()] = Owner(domain: name, nic: nil, name: name, address: address)
        }
        var told: Set<String> = []
        for (machine, list) in nics.sorted(by: { precedes($0.key, $1.key) }) where !refused.contains(machine) {
            for (index, names) in NameService.derivedNames(of: machine, nics: list).enumerated() {
                for name in names {
                    guard let other = owners[name.lowercased()] else {
                        owners[name.lowercased()] = Owner(domain: machine, nic: index, name: name, address: list[index].address)
                        if name.split(separator: ".").contains(where: { $0.utf8.count > 63 }) {
                            warning(nicPath(machine, index), "its DNS name '\(name)' is not served: a label has at most 63 characters")
                        }
                        continue
                    }
                    guard other.domain != machine || other.nic != index else { continue }
                    report(name, of: machine, index, against: other, &told)
                }
            }
        }
        checkRecords(owners)
    }

    private mutating func report(_ name: String, of machine: String, _ index: Int, against other: Owner, _ told: inout Set<String>) {
        // One error for each pair: the names of a NIC collide together.
        guard told.insert("\(machine) \(other.domain) \(other.nic ?? -1)").inserted else { return }
        let nic = "NIC \(index) of VM '\(machine)'"
        guard let otherNIC = other.nic else {
            return error(.keys("domains", other.domain), "'\(other.name)' is also the DNS name of \(nic); rename one of the VMs")
        }
        error(
            nicPath(machine, index),
            "\(nic) and NIC \(otherNIC) of VM '\(other.domain)' both have the DNS name '\(name)'; rename a VM or a net")
    }

    /// The environment's own names win over `dns_records`, so a record that says otherwise would have no effect.
    private mutating func checkRecords(_ owners: [String: Owner]) {
        for net in spec.nets.values {
            let suffix = "." + (net.dnsDomainName ?? "lago.local").lowercased()
            for (host, text) in net.dnsRecords {
                let name = host.lowercased()
                let short = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
                guard let owner = owners[name] ?? owners[short], text != owner.address?.description else { continue }
                let holder = owner.nic.map { "NIC \($0) of VM '\(owner.domain)'" } ?? "VM '\(owner.domain)'"
                let address = owner.address.map { ", which has the address \($0)" } ?? ""
                error(
                    .keys("nets", net.name, "dns_records").appending(host),
                    "'\(host)' is the DNS name of \(holder)\(address); rename or remove the record")
            }
        }
    }

    private func nicPath(_ machine: String, _ index: Int) -> FieldPath { .keys("domains", machine, "nics").appending(index) }
}
