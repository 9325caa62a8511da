import AtollModel
import OrderedCollections

extension Resolution {
    /// The nets with their gateways. Explicit ones are settled first, whatever their place in the file, so that a free choice never takes
    /// what somebody asked for; the free ones then get the lowest free subnets in file order.
    mutating func networks(management: Set<String>, occupancy: HostOccupancy) -> OrderedDictionary<String, Network> {
        var taken: OrderedDictionary<String, IPv4Subnet> = [:]
        var gateways: [String: IPv4Address] = [:]
        for net in spec.nets.values where net.kind != .bridge && net.gateway != nil {
            guard let gateway = explicitGateway(of: net) else { continue }
            let subnet = IPv4Subnet(containing: gateway)
            let path = FieldPath.keys("nets", net.name, "gw")
            if let other = taken.first(where: { $0.value.overlaps(subnet) }) {
                error(path, "subnet \(subnet) is that of net \(other.key) too; give each net one of its own")
            } else if let conflict = occupancy.conflict(with: subnet) {
                error(path, "subnet \(subnet) cannot be used: \(conflict); choose another gateway, or leave `gw` out to get a free subnet")
            } else {
                taken[net.name] = subnet
                gateways[net.name] = gateway
            }
        }
        var free = IPv4Subnet.leasedRange.lazy.map(IPv4Subnet.init(leasedThirdOctet:)).filter { subnet in
            occupancy.conflict(with: subnet) == nil && !taken.values.contains { $0.overlaps(subnet) }
        }.makeIterator()
        var isFull = false
        var networks: OrderedDictionary<String, Network> = [:]
        for net in spec.nets.values {
            if net.kind != .bridge && net.gateway == nil {
                if let subnet = free.next() {
                    gateways[net.name] = subnet.address(1)
                } else if !isFull {
                    isFull = true
                    error(
                        .keys("nets", net.name),
                        "the store of subnets is full: none of 192.168.200.0/24 to 192.168.255.0/24 is free for this net. You can free subnets "
                            + "by destroying unused environments (`atoll destroy`)")
                }
            }
            var network = Network(spec: net, gateway: gateways[net.name], management: management.contains(net.name))
            network.dnsDomainName = net.dnsDomainName ?? (network.management ? "lago.local" : nil)
            networks[net.name] = network
        }
        return networks
    }

    private mutating func explicitGateway(of net: NetSpec) -> IPv4Address? {
        let path = FieldPath.keys("nets", net.name, "gw")
        guard let gateway = net.gateway.flatMap(IPv4Address.init(_:)) else {
            error(path, "\"\(net.gateway ?? "")\" is no IPv4 address; allowed: an address such as 192.168.210.1")
            return nil
        }
        guard (1...254).contains(gateway.lastOctet) else {
            error(path, "the gateway's last octet is \(gateway.lastOctet); allowed: 1 to 254")
            return nil
        }
        let subnet = IPv4Subnet(containing: gateway)
        switch net.kind {
        case _ where doubts.has("type", ofNet: net.name): return gateway
        case .nat where !subnet.isLeased:
            error(path, "subnet \(subnet) is not valid: a nat net's is in the range 192.168.200.0/24 to 192.168.255.0/24")
            return nil
        case .isolated where !subnet.isLeased && !isPrivate(subnet):
            error(path, "subnet \(subnet) is not private; allowed for an isolated net: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16")
            return nil
        default: return gateway
        }
    }

    private func isPrivate(_ subnet: IPv4Subnet) -> Bool {
        [(IPv4Address(10, 0, 0, 0), 8), (IPv4Address(172, 16, 0, 0), 12), (IPv4Address(192, 168, 0, 0), 16)].contains {
            IPv4Subnet(containing: $0.0, prefixLength: $0.1).contains(subnet.base)
        }
    }
}
