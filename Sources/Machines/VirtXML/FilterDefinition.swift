package import AtollModel
import AtollXML

/// A network filter (nwfilter) for libvirt: the traffic that the guests of one network may send and receive.
///
/// Guests reach each other, their network's DHCP and name server, and the openings; the host reaches the guests. The host's
/// addresses are otherwise closed to guests. libvirt routes what a filter accepts into its other networks too, so the
/// addresses of other guests are dropped here. If openings and drops overlap, the narrower network wins; a tie opens.
package struct FilterDefinition: Sendable, Equatable {
    /// Allowed addresses.
    package struct Opening: Sendable, Hashable {
        package var subnet: IPv4Subnet
        /// TCP and UDP port; nil for every port and protocol.
        package var port: Int?
        /// Host name of the address; stored in the filter, so that the network's name server returns the same address.
        package var name: String?

        package init(_ subnet: IPv4Subnet, port: Int? = nil, name: String? = nil) {
            self.subnet = subnet
            self.port = port
            self.name = name
        }
    }

    package var name: String
    package var uuid: String?
    /// Address of the host on the network, of a /24.
    package var gateway: IPv4Address
    package var hasIPv6: Bool
    package var openings: [Opening]
    /// Addresses that a wider opening does not open: those of the host and of other guests.
    package var barred: [IPv4Subnet]

    package init(
        name: String, uuid: String? = nil, gateway: IPv4Address, hasIPv6: Bool = true, openings: [Opening] = [], barred: [IPv4Subnet] = []
    ) {
        self.name = name
        self.uuid = uuid
        self.gateway = gateway
        self.hasIPv6 = hasIPv6
        self.openings = openings
        self.barred = barred
    }

    /// The filter of an environment's network; nil if its egress is unrestricted.
    /// - Parameter openings: the destinations of `network.egress`, with names resolved.
    package init?(
        _ network: Network, of environment: Environment, hasIPv6: Bool, openings: [Opening], barred: [IPv4Subnet]
    ) {
        guard network.isFiltered, let gateway = network.gateway else { return nil }
        let name = HostNames.filter(environment.id, network.name)
        self.init(
            name: name, uuid: PrefixID(String(HostNames.sha1(name).prefix(32)))?.dashed, gateway: gateway,
            hasIPv6: hasIPv6 && network.hasIPv6,
            openings: openings, barred: barred)
    }
}

/// Parsed XML of an existing filter.
package struct FilterDescription: Sendable, Equatable {
    package var name: String
    /// Addresses of the host names it allows.
    package var addresses: [String: [IPv4Address]]

    /// Parses the text of `virNWFilterGetXMLDesc`. - Throws: `XMLError` if the text is not XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        name = root["name"] ?? ""
        addresses = [:]
        for rule in root.all("rule").flatMap(\.elements) {
            guard let comment = rule["comment"], comment.hasPrefix(FilterXML.nameMark),
                let address = rule["dstipaddr"].flatMap({ IPv4Address($0) })
            else { continue }
            let host = String(comment.dropFirst(FilterXML.nameMark.count))
            if addresses[host]?.contains(address) != true { addresses[host, default: []].append(address) }
        }
    }
}
