package import AtollModel
package import AtollVirtXML

/// Derives the filter of a network from its egress setting and the addresses of the host.
package enum EgressPlan {
    /// Host names in the egress setting of a network, whose addresses `definition` needs.
    package static func hostNames(of network: Network) -> [String] {
        guard case .only(let destinations) = network.egress else { return [] }
        var names: [String] = []
        for destination in destinations {
            guard case .name(let name) = destination.place, !names.contains(name) else { continue }
            names.append(name)
        }
        return names
    }

    /// The filter of a network; nil if the network is not filtered.
    /// - Parameters:
    ///   - names: addresses of each of `hostNames`.
    ///   - hostAddresses: addresses of the host itself.
    ///   - served: subnets of all libvirt networks.
    package static func definition(
        of network: Network, in environment: Environment, hasIPv6: Bool, names: [String: [IPv4Address]], hostAddresses: [IPv4Address],
        served: [IPv4Subnet]
    ) -> FilterDefinition? {
        FilterDefinition(
            network, of: environment, hasIPv6: hasIPv6, openings: openings(of: network, names: names),
            barred: barred(beside: network, served: served, hostAddresses: hostAddresses))
    }

    /// Destinations that the egress setting permits.
    static func openings(of network: Network, names: [String: [IPv4Address]]) -> [FilterDefinition.Opening] {
        guard case .only(let destinations) = network.egress else { return [] }
        return destinations.flatMap { destination -> [FilterDefinition.Opening] in
            switch destination.place {
            case .subnet(let subnet): return [FilterDefinition.Opening(subnet, port: destination.port)]
            case .gateway: return network.gateway.map { [FilterDefinition.Opening(single($0), port: destination.port)] } ?? []
            case .name(let name):
                return (names[name] ?? []).map { FilterDefinition.Opening(single($0), port: destination.port, name: name) }
            }
        }
    }

    /// Addresses that a wider opening does not permit: of the host, of every network that is leased or served, and the link-local subnet
    /// where clouds serve the metadata and credentials of the host.
    static func barred(beside network: Network, served: [IPv4Subnet], hostAddresses: [IPv4Address]) -> [IPv4Subnet] {
        let leased = [(200, 21), (208, 20), (224, 19)].map { octet, length in
            IPv4Subnet(containing: IPv4Address(192, 168, UInt8(octet), 0), prefixLength: length)
        }
        let metadata = IPv4Subnet(containing: IPv4Address(169, 254, 0, 0), prefixLength: 16)
        return leased + served.filter { $0 != network.subnet } + [metadata] + hostAddresses.map(single)
    }

    private static func single(_ address: IPv4Address) -> IPv4Subnet { IPv4Subnet(containing: address, prefixLength: 32) }
}
