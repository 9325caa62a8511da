import AtollModel
import OrderedCollections

/// The addresses of one net that are given out.
private struct AddressPool {
    /// nil when errors leave it unknown: then only the form of addresses can be checked.
    let subnet: IPv4Subnet?
    let gateway: IPv4Address?
    /// Last octet to the NIC that has it.
    var holders: [UInt8: Holder] = [:]

    struct Holder {
        var path: FieldPath
        var text: String
    }
    /// No octet below this is free: makes many NICs linear.
    private var next: UInt8 = 2
    var isExhausted = false

    init(subnet: IPv4Subnet?, gateway: IPv4Address?) {
        self.subnet = subnet
        self.gateway = gateway
    }

    mutating func lowestFree() -> UInt8? {
        while next <= 254 {
            let octet = next
            next += 1
            if holders[octet] == nil && octet != gateway?.lastOctet { return octet }
        }
        return nil
    }
}

extension Resolution {
    /// The NICs of every VM. Written addresses go first, wherever they are in the file; the others get the lowest free ones in the order
    /// of VMs and NICs.
    mutating func addresses(on networks: OrderedDictionary<String, Network>) -> [String: [NIC]] {
        var pools: [String: AddressPool] = [:]
        for network in networks.values where network.kind != .bridge {
            let isKnown = !doubts.has("gw", ofNet: network.name)
            pools[network.name] = AddressPool(subnet: isKnown ? network.subnet : nil, gateway: isKnown ? network.gateway : nil)
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
                nics[name]?[index].address = pools[nic.net]?.subnet?.address(octet)
            }
        }
        return nics
    }

    private mutating func written(
        _ nic: NICSpec, at nicPath: FieldPath, on networks: OrderedDictionary<String, Network>, pools: inout [String: AddressPool]
    ) -> IPv4Address? {
        let path = nicPath.appending("ip")
        guard let network = networks[nic.net] else {
            // Without any net, that has been said already.
            if !networks.isEmpty, !doubts.nets, !doubts.net(ofNIC: nicPath) {
                error(
                    nicPath.appending("net"),
                    "unrecognized network: \(nic.net), available: \(networks.keys.joined(separator: ", "))")
            }
            // Whatever the net: it has no such address.
            if let text = nic.ip { _ = lastOctet(of: text, on: nil, at: path) }
            return nil
        }
        guard let text = nic.ip else { return nil }
        if network.kind == .bridge {
            error(path, "an address on the bridge net \(nic.net) cannot be set here: whoever runs that network gives it out. Remove `ip`")
            return nil
        }
        guard let pool = pools[nic.net], let octet = lastOctet(of: text, on: pool.subnet, at: path) else { return nil }
        let address = pool.subnet?.address(octet)
        if let address, address == pool.gateway {
            error(path, "\(address) is the gateway of net \(nic.net); choose another last octet from 2 to 254")
            return nil
        }
        if let other = pool.holders[octet] {
            // On an unknown subnet two addresses may differ elsewhere.
            guard address != nil || other.text == text else { return nil }
            let place = spec.sources.position(of: other.path).map { " (line \($0.line))" } ?? ""
            error(path, "\(address.map { "\($0)" } ?? text) is given twice: \(other.path)\(place) has it too")
            return nil
        }
        pools[nic.net]?.holders[octet] = AddressPool.Holder(path: path, text: text)
        if let subnet = pool.subnet, let address { warn(text, readAs: address, in: subnet, of: network.spec, at: path) }
        return address
    }

    /// Addresses of another subnet than the net got are no error, because a free subnet is another one on each host; but whoever wrote
    /// them may count on them.
    private mutating func warn(_ text: String, readAs address: IPv4Address, in subnet: IPv4Subnet, of net: NetSpec, at path: FieldPath) {
        guard let written = IPv4Address(text) else {
            return warning(path, "\(text) is read as \(address): on a leased subnet only the last octet counts")
        }
        let isPlaceholder = IPv4Subnet(containing: IPv4Address(0, 0, 0, 0)).contains(written)
        guard net.gateway == nil, !isPlaceholder, !subnet.contains(written), moved.insert(net.name).inserted else { return }
        let meant = IPv4Subnet(containing: written)
        warning(
            path,
            "\(text) becomes \(address): net \(net.name) has no `gw`, so it gets a free subnet, now \(subnet), and only the last octet of its "
                + "addresses counts" + (meant.isLeased ? ". For addresses as written: `gw: \(meant.address(1))`" : ""))
    }

    /// On a leased subnet only the last octet counts: the rest was true for the host the file was written on.
    /// - Parameter subnet: nil when it is not known.
    private mutating func lastOctet(of text: String, on subnet: IPv4Subnet?, at path: FieldPath) -> UInt8? {
        let last = text.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        guard !last.isEmpty, last.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let octet = Int(last) else {
            error(path, "\"\(text)\" is no address; allowed: one such as \((subnet ?? IPv4Subnet(leasedThirdOctet: 200)).address(9))")
            return nil
        }
        guard (2...254).contains(octet) else {
            error(path, "the last octet of \(text) is out of range; allowed: 2 to 254")
            return nil
        }
        if let subnet, !subnet.isLeased {
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
