package import AtollModel
import AtollXML

/// A network filter (nwfilter) as libvirt is to define it: what the guests of one network may send and be sent.
///
/// The guests reach each other, their network's DHCP and name server, and the openings; the host reaches them. The host is otherwise closed to
/// them, on all its addresses. libvirt lets what a filter passes go anywhere, also into the networks that it keeps apart itself, so the
/// addresses of other guests are barred here. Among openings and bars the narrower network wins, and an opening over a bar as narrow.
package struct FilterDefinition: Sendable, Equatable {
    /// Addresses that are let through.
    package struct Opening: Sendable, Hashable {
        package var subnet: IPv4Subnet
        /// Of TCP and UDP alike; nil is every port and protocol.
        package var port: Int?
        /// The host name this is an address of; it is kept in the filter, so that the network's name server gives the same answer.
        package var name: String?

        package init(_ subnet: IPv4Subnet, port: Int? = nil, name: String? = nil) {
            self.subnet = subnet
            self.port = port
            self.name = name
        }
    }

    package var name: String
    package var uuid: String?
    /// The host's own address on the network, of a /24.
    package var gateway: IPv4Address
    package var hasIPv6: Bool
    package var openings: [Opening]
    /// Addresses that a wide opening does not open: the host's own, and other guests'.
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

    /// The filter of an environment's network; nil when its guests are not held back.
    /// - Parameter openings: of `network.egress`, names looked up.
    package init?(
        _ network: Network, of environment: Environment, hasIPv6: Bool, openings: [Opening], barred: [IPv4Subnet]
    ) {
        guard network.isFiltered, let gateway = network.gateway else { return nil }
        let name = HostNames.filter(environment.id, network.name)
        self.init(
            name: name, uuid: PrefixID(String(SHA1.hex(name).prefix(32)))?.dashed, gateway: gateway, hasIPv6: hasIPv6 && network.hasIPv6,
            openings: openings, barred: barred)
    }
}

/// What is read back from a filter that exists.
package struct FilterDescription: Sendable, Equatable {
    package var name: String
    /// The addresses of the host names it lets through.
    package var addresses: [String: [IPv4Address]]

    /// From the text of `virNWFilterGetXMLDesc`. - Throws: `XMLError` when the text is no XML.
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
