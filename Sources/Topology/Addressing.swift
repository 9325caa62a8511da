import AtollModel
import OrderedCollections

/// The addresses of one net that are given out.
private struct AddressPool {
    let subnet: IPv4Subnet
    let gateway: IPv4Address
    /// Last octet to the field path of the NIC that has it.
    var holders: [UInt8: FieldPath] = [:]
    /// No octet below this is free: makes many NICs linear.
    private var next: UInt8 = 2
    var isExhausted = false

    init(subnet: IPv4Subnet, gateway: IPv4Address) {
        self.subnet = subnet
        self.gateway = gateway
    }

    mutating func lowestFree() -> UInt8? {
        while next <= 254 {
            let octet = next
            next += 1
            if holders[octet] == nil && octet != gateway.lastOctet { return octet }
        }
        return nil
    }
}

extension Resolution {
    /// The NICs of every VM. Written addresses go first, wherever they are in the file; the others get the lowest free ones in the order
    /// of VMs and NICs.
    mutating func addresses(on networks: OrderedDictionary<String, Network>) -> [String: [NIC]] {
        var pools: [String: AddressPool] = [:]
        for network in networks.values {
            if let subnet = network.subnet, let gateway = network.gateway {
                pools[network.name] = AddressPool(subnet: subnet, gateway: gateway)
            }
        }
        var nics: [String: [NIC]] = [:]
        for (name, domain) in spec.domains {
            nics[name] = domain.nics.enumerated().map { index, nic in
                let path = FieldPath.keys("domains", name, "nics").appending(index)
                let mtu = networks[nic.net]?.mtu.flatMap { $0 == 1500 ? nil : $0 }
                return NIC(net: nic.net, address: written(nic, at: path, on: networks, pools: &pools), mtu: mtu)
            }
        }
        for (name, domain) in spec.domains {
            for (index, nic) in domain.nics.enumerated() where nic.ip == nil {
                guard let octet = pools[nic.net]?.lowestFree() else {
                    guard pools[nic.net]?.isExhausted == false else { continue }
                    pools[nic.net]?.isExhausted = true
                    error(
                        .keys("domains", name, "nics").appending(index),
                        "net \(nic.net) has no free address left: a /24 has 253 beside its gateway. Put some of the VMs on another net")
                    continue
                }
                nics[name]?[index].address = pools[nic.net]?.subnet.address(octet)
            }
        }
        return nics
    }

    private mutating func written(
        _ nic: NICSpec, at nicPath: FieldPath, on networks: OrderedDictionary<String, Network>, pools: inout [String: AddressPool]
    ) -> IPv4Address? {
        guard let network = networks[nic.net] else {
            // Without any net, that has been said already.
            if networks.isEmpty { return nil }
            error(
                nicPath.appending("net"),
                "unrecognized network: \(nic.net), available: \(networks.keys.joined(separator: ", "))")
            return nil
        }
        guard let text = nic.ip else { return nil }
        let path = nicPath.appending("ip")
        if network.kind == .bridge {
            error(path, "an address on the bridge net \(nic.net) cannot be set here: whoever runs that network gives it out. Remove `ip`")
            return nil
        }
        // No gateway: the net has an error of its own.
        guard var pool = pools[nic.net], let octet = lastOctet(of: text, on: pool.subnet, at: path) else { return nil }
        let address = pool.subnet.address(octet)
        if address == pool.gateway {
            error(path, "\(address) is the gateway of net \(nic.net); choose another last octet from 2 to 254")
            return nil
        }
        if let other = pool.holders[octet] {
            let place = spec.sources.position(of: other).map { " (line \($0.line))" } ?? ""
            error(path, "\(address) is given twice: \(other)\(place) has it too")
            return nil
        }
        if IPv4Address(text) == nil { warning(path, "\(text) is read as \(address): on a leased subnet only the last octet counts") }
        pool.holders[octet] = path
        pools[nic.net] = pool
        return address
    }

    /// On a leased subnet only the last octet counts: the rest was true for the host the file was written on.
    private mutating func lastOctet(of text: String, on subnet: IPv4Subnet, at path: FieldPath) -> UInt8? {
        let last = text.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        guard !last.isEmpty, last.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let octet = Int(last) else {
            error(path, "\"\(text)\" is no address; allowed: one such as \(subnet.address(9))")
            return nil
        }
        guard (2...254).contains(octet) else {
            error(path, "the last octet of \(text) is out of range; allowed: 2 to 254")
            return nil
        }
        if !subnet.isLeased {
            guard let address = IPv4Address(text) else {
                error(path, "\"\(text)\" is no IPv4 address; allowed: one in \(subnet)")
                return nil
            }
            guard subnet.contains(address) || IPv4Subnet(containing: IPv4Address(0, 0, 0, 0)).contains(address) else {
                error(path, "the address \(address) is outside the subnet \(subnet); allowed: an address in it, or 0.0.0.\(octet)")
                return nil
            }
        }
        return UInt8(octet)
    }
}
