import AtollModel
import AtollXML

/// Writes a network.
struct NetworkXML {
    let network: NetworkDefinition

    init(_ network: NetworkDefinition) { self.network = network }

    func element() throws -> Element {
        guard (1...15).contains(network.bridge.utf8.count) else {
            throw VirtXMLError(.name, "'\(network.bridge)' cannot be a bridge's name: it has to be 1 to 15 characters long")
        }
        var root = Element("network")
        root.append(Element("name", text: network.name))
        if let uuid = network.uuid { root.append(Element("uuid", text: uuid)) }
        root.append(Element("metadata", [:], [network.ownerTag.element]))
        switch network.kind {
        case .nat:
            let ports = Element("port", ["start": "1024", "end": "65535"])
            root.append(Element("forward", ["mode": "nat"], [Element("nat", [:], [ports])]))
        case .bridge:
            root.append(Element("forward", ["mode": "bridge"]))
            root.append(Element("bridge", ["name": network.bridge]))
            return root
        case .isolated: break
        }
        // Only our guests hang on it, so there is no loop to look for, and a new port need not wait 4 s before it carries anything.
        root.append(Element("bridge", ["name": network.bridge, "stp": "off", "delay": "0"]))
        if let mtu = network.mtu, mtu != 1500 { root.append(Element("mtu", ["size": "\(mtu)"])) }
        if let domain = network.dns?.domain { root.append(Element("domain", ["name": domain, "localOnly": "yes"])) }
        root.append(try dns())
        guard let gateway = network.gateway else { throw VirtXMLError(.address, "the network \(network.name) has no gateway address") }
        root.append(Element("ip", ["address": "\(gateway)", "prefix": "24"], dhcp(on: gateway, twin: false)))
        if network.hasIPv6 {
            let subnet = IPv4Subnet(containing: gateway)
            root.append(
                Element(
                    "ip", ["family": "ipv6", "address": IPv6Derivation.prefix(of: subnet) + "1", "prefix": "64"],
                    dhcp(on: gateway, twin: true)))
        }
        return root
    }

    private func dns() throws -> Element {
        guard let dns = network.dns else { return Element("dns", ["enable": "no"]) }
        var names: [String: Set<String>] = [:]
        for (name, address) in dns.records {
            names[try literal(address, of: name), default: []].insert(name)
            if let v4 = IPv4Address(address), dns.subnetsWithIPv6.contains(where: { $0.contains(v4) }) {
                names[IPv6Derivation.address(of: v4), default: []].insert(name)
            }
        }
        for (name, addresses) in dns.pinned where dns.records[name] == nil {
            for address in addresses { names["\(address)", default: []].insert(name) }
        }
        let hosts = names.sorted { order($0.key) < order($1.key) }.map { address, names in
            Element("host", ["ip": address], names.sorted().map { Element("hostname", text: $0) })
        }
        return Element("dns", ["forwardPlainNames": "no"], hosts)
    }

    /// IPv4 addresses first, by number; then the others by their text.
    private func order(_ address: String) -> (Int, UInt32, String) {
        IPv4Address(address).map { (0, $0.rawValue, "") } ?? (1, 0, address)
    }

    private func literal(_ address: String, of name: String) throws -> String {
        let isIPv6 = address.contains(":") && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        guard IPv4Address(address) != nil || isIPv6 else {
            throw VirtXMLError(.address, "the DNS record \(name) of \(network.ownerTag.name) has '\(address)', which is no IP address")
        }
        return address
    }

    /// The DHCP server for IPv4, or for the IPv6 twins of the same addresses.
    private func dhcp(on gateway: IPv4Address, twin: Bool) -> [Element] {
        guard let dhcp = network.dhcp else { return [] }
        let subnet = IPv4Subnet(containing: gateway)
        func address(_ address: IPv4Address) -> String { twin ? IPv6Derivation.address(of: address) : "\(address)" }
        func edge(_ octet: Int) -> String { address(subnet.address(UInt8(clamping: octet))) }
        let range = Element("range", ["start": edge(dhcp.start), "end": edge(dhcp.end)])
        let hosts = dhcp.hosts.map { host in
            // A guest's DUID is the kind that is made of its MAC address (DUID-LL); clients that use another get an address of the range.
            let identity: KeyValuePairs<String, String?> =
                twin
                ? ["id": "0:3:0:1:\(host.mac)", "name": host.name, "ip": address(host.address)]
                : ["mac": "\(host.mac)", "name": host.name, "ip": address(host.address)]
            return Element("host", identity)
        }
        return [Element("dhcp", [:], [range] + hosts)]
    }
}
