import AtollModel
import AtollXML

/// Generates a network filter. `out` is traffic from the guest, `in` traffic from other guests of its network; replies to accepted
/// traffic are accepted. Routed traffic to a guest is restricted by the network itself, which accepts replies only.
struct FilterXML {
    /// Prefix of the comment on a rule for the address of a host name.
    static let nameMark = "name "

    let filter: FilterDefinition

    init(_ filter: FilterDefinition) { self.filter = filter }

    func element() -> Element {
        var root = Element("filter", ["name": filter.name, "chain": "root"])
        if let uuid = filter.uuid { root.append(Element("uuid", text: uuid)) }
        for rule in neighbours + (filter.hasIPv6 ? neighboursOverIPv6 : []) + beyond + end { root.append(rule) }
        return root
    }

    private enum Direction: String { case out, `in`, both = "inout" }

    /// libvirt's priorities range from -1000 to 1000, lowest first.
    private func rule(_ action: String, _ direction: Direction, _ priority: Int, stateless: Bool = false, _ match: Element) -> Element {
        Element(
            "rule",
            [
                "action": action, "direction": direction.rawValue, "priority": "\(priority)", "statematch": stateless ? "false" : nil,
            ], [match])
    }

    private func match(
        _ kind: String, to destination: IPv4Subnet? = nil, from source: IPv4Subnet? = nil, port: Int? = nil, state: String? = nil,
        comment: String? = nil
    ) -> Element {
        Element(
            kind,
            [
                "srcipaddr": source.map { "\($0.base)" }, "srcipmask": source.map { "\($0.prefixLength)" },
                "dstipaddr": destination.map { "\($0.base)" }, "dstipmask": destination.map { "\($0.prefixLength)" },
                "dstportstart": port.map { "\($0)" }, "state": state, "comment": comment,
            ])
    }

    private var subnet: IPv4Subnet { IPv4Subnet(containing: filter.gateway) }
    private func only(_ address: IPv4Address) -> IPv4Subnet { IPv4Subnet(containing: address, prefixLength: 32) }

    /// Rules for the network itself. The host and its services are on it, so they are closed before the rest is opened.
    private var neighbours: [Element] {
        let host = only(filter.gateway)
        let everybody = only(IPv4Address(255, 255, 255, 255))
        var rules = [
            // The host logs in and other guests connect: accept their replies and ICMP errors before closing the host.
            rule("accept", .in, 100, match("all", from: subnet)), rule("accept", .in, 100, match("all", state: "RELATED")),
            rule("accept", .out, 100, match("all", to: subnet, state: "RELATED")),
        ]
        // A guest without an address broadcasts its DHCP request; matching the port only would open a way out.
        rules += [everybody, host].map { rule("accept", .out, 110, stateless: true, match("udp", to: $0, port: 67)) }
        rules += ["udp", "tcp"].map { rule("accept", .out, 120, match($0, to: host, port: 53)) }
        for opening in filter.openings where opening.subnet == host { rules += open(opening, 130) }
        rules += [host, only(subnet.address(255))].map { rule("drop", .out, 140, match("all", to: $0)) }
        rules.append(rule("accept", .out, 150, match("all", to: subnet)))
        return rules
    }

    private var neighboursOverIPv6: [Element] {
        func match(_ kind: String, to place: String? = nil, from source: String? = nil, _ length: Int, port: Int? = nil) -> Element {
            Element(
                kind,
                [
                    "srcipaddr": source, "srcipmask": source.map { _ in "\(length)" }, "dstipaddr": place,
                    "dstipmask": place.map { _ in "\(length)" }, "dstportstart": port.map { "\($0)" },
                ])
        }
        let network = IPv6Derivation.prefix(of: subnet)
        let host = network + "1"
        var rules = [
            rule("accept", .in, 200, match("all-ipv6", from: network, 64)),
            rule("accept", .in, 200, match("all-ipv6", from: "fe80::", 10)),
        ]
        // Neighbour discovery, router solicitation and multicast groups use ICMPv6.
        rules += [("fe80::", 10), ("ff02::", 16), (network, 64)].map {
            rule("accept", .out, 210, stateless: true, match("icmpv6", to: $0, $1))
        }
        rules.append(rule("accept", .out, 210, stateless: true, match("udp-ipv6", to: "ff02::1:2", 128, port: 547)))
        rules += ["udp-ipv6", "tcp-ipv6"].map { rule("accept", .out, 220, match($0, to: host, 128, port: 53)) }
        rules.append(rule("drop", .out, 230, match("all-ipv6", to: host, 128)))
        rules.append(rule("accept", .out, 240, match("all-ipv6", to: network, 64)))
        return rules
    }

    /// Rules for other networks, narrowest first.
    private var beyond: [Element] {
        let place = only(filter.gateway)
        guard filter.openings.contains(where: { $0.subnet != place }) else { return [] }
        let openings = filter.openings.filter { $0.subnet != place }.flatMap { opening in
            open(opening, priority(opening.subnet))
        }
        let bars = bars.sorted { ($0.base, $0.prefixLength) < ($1.base, $1.prefixLength) }.map { subnet in
            rule("drop", .out, priority(subnet) + 1, match("all", to: subnet))
        }
        return openings + bars
    }

    /// Dropped networks, without those covered by a wider one: each rule costs libvirt three commands at every start, and a host may
    /// have many networks. If something within the wider network is opened, the narrower ones are kept.
    private var bars: Set<IPv4Subnet> {
        func isWithin(_ inner: IPv4Subnet, _ outer: IPv4Subnet) -> Bool {
            inner.prefixLength >= outer.prefixLength && outer.contains(inner.base)
        }
        let place = only(filter.gateway)
        let all = Set(filter.barred)
        let wide = all.filter { bar in !filter.openings.contains { $0.subnet != place && isWithin($0.subnet, bar) } }
        return all.filter { bar in !wide.contains { $0 != bar && isWithin(bar, $0) } }
    }

    private func priority(_ subnet: IPv4Subnet) -> Int { 300 + 2 * (32 - subnet.prefixLength) }

    private func open(_ opening: FilterDefinition.Opening, _ priority: Int) -> [Element] {
        (opening.port == nil ? ["all"] : ["tcp", "udp"]).map { kind in
            rule(
                "accept", .out, priority,
                match(kind, to: opening.subnet, port: opening.port, comment: opening.name.map { Self.nameMark + $0 }))
        }
    }

    private var end: [Element] { ["all", "all-ipv6"].map { rule("drop", .both, 900, match($0)) } }
}
