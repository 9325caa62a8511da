package import AtollHostPorts
import AtollLibvirt
package import AtollModel
package import AtollVirtXML

/// Network filters of the host through libvirt (nwfilter).
///
/// A member of group libvirt may define a filter. libvirt applies it to each NIC when the domain starts, reapplies it when it restarts, and
/// removes it with the domain. Firewall rules of our own would require root.
package struct LibvirtFilters: NetworkFilters {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func filters() async throws -> [ObservedFilter] {
        try await link.use { connection in
            do {
                return try connection.listNetworkFilters().compactMap { filter in
                    HostNames.filterOwner(filter.name).map { ObservedFilter(name: filter.name, owner: $0.prefix) }
                }
            } catch let error as LibvirtError where error.isUnsupported {
                return []
            }
        }
    }

    package func addresses(inFilter name: String) async throws -> [String: [IPv4Address]] {
        try await link.use { connection in
            do {
                return try FilterDescription(xml: try connection.lookupNetworkFilter(name: name).xml()).addresses
            } catch let error as LibvirtError where error.isNotFound {
                throw EnvironmentError(.notFound, "network filter '\(name)' is missing")
            }
        }
    }

    package func define(_ definition: FilterDefinition) async throws {
        let xml = try VirtXML.text(definition)
        try await link.use { connection in
            do {
                _ = try connection.defineNetworkFilter(xml: xml)
            } catch let error as LibvirtError where error.isUnsupported {
                throw EnvironmentError(
                    .unsupported,
                    "network filter '\(definition.name)': unsupported: libvirt on this host lacks its nwfilter driver\n"
                        + "hint: install it (Fedora: libvirt-daemon-driver-nwfilter; Debian: libvirt-daemon), or use 'egress: on'")
            }
        }
    }

    package func remove(named name: String, owner: PrefixID) async throws {
        guard HostNames.filterOwner(name)?.prefix == owner else { throw EnvironmentError.foreign("network filter", name, owner) }
        try await link.use { connection in
            do {
                try connection.lookupNetworkFilter(name: name).undefine()
            } catch let error as LibvirtError where error.isNotFound || error.isUnsupported {
                return
            }
        }
    }
}
