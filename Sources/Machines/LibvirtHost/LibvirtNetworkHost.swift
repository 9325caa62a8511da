package import AtollHostPorts
import AtollLibvirt
package import AtollModel
import AtollPlatform
import AtollVirtXML
import AtollXML

/// Networks and their filters through libvirt.
package struct LibvirtNetworkHost: NetworkHost {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func networks() async throws -> [ObservedNetwork] {
        try await link.use { connection in
            try connection.listNetworks().compactMap { network in
                do { return try Self.observe(network) } catch let error as LibvirtError where error.isNotFound { return nil }
            }
        }
    }

    package func network(named name: String) async throws -> ObservedNetwork? {
        try await link.use { connection in
            do { return try Self.observe(try connection.lookupNetwork(name: name)) } catch let error as LibvirtError where error.isNotFound
            {
                return nil
            }
        }
    }

    package func start(_ network: AtollModel.Network, of environment: Environment) async throws {
        try await link.use { connection in
            var definition = try NetworkDefinition(network, of: environment, hasIPv6: Self.hasIPv6)
            if network.isFiltered {
                let filter = try connection.lookupNetworkFilter(name: HostNames.filter(environment.id, network.name))
                definition.dns?.pinned = try FilterDescription(xml: try filter.xml()).addresses
            }
            do { _ = try connection.createNetwork(xml: try VirtXML.text(definition)) } catch let error as LibvirtError
                where error.isConflict
            {
                let found = try Self.observe(try connection.lookupNetwork(name: definition.name))
                guard found.owner == environment.id, found.isActive else { throw error }
            }
        }
    }

    package func stop(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            do {
                let network = try connection.lookupNetwork(name: name)
                guard try Self.observe(network).owner == owner else {
                    throw EnvironmentError(.refused, "the network \(name) does not carry this environment's mark; it is left alone")
                }
                try network.destroy()
            } catch let error as LibvirtError where error.isNotFound || error.isOperationInvalid {
                return
            }
        }
    }

    package func strayBridges() async throws -> Set<String> {
        let found = BridgeDevices.ours()
        if found.isEmpty { return [] }
        return try await link.use { connection in
            let used = try connection.listNetworks().compactMap { network in
                // One that vanished meanwhile, or has no bridge.
                do { return try network.bridgeName() } catch let error as LibvirtError where !error.isConnectionFailure { return nil }
            }
            return found.subtracting(used)
        }
    }

    package func removeStrayBridge(named name: String) async throws { try await BridgeDevices.remove(name) }

    package func filters() async throws -> [ObservedFilter] {
        try await link.use { connection in
            do {
                return try connection.listNetworkFilters().compactMap { filter in
                    HostNames.filterOwner(filter.name).map { ObservedFilter(name: filter.name, owner: $0.prefix) }
                }
            } catch let error as LibvirtError where error.isUnsupported { return [] }
        }
    }

    package func makeFilter(for network: AtollModel.Network, of environment: Environment) async throws {
        try EgressHost.checkBridges(isStarted: false)
        let networks = try await networks()
        try await link.use { connection in
            guard
                let definition = FilterDefinition(
                    network, of: environment, hasIPv6: Self.hasIPv6, openings: try EgressHost.openings(network),
                    barred: try EgressHost.barred(beside: network, networks: networks))
            else { return }
            do { _ = try connection.defineNetworkFilter(xml: try VirtXML.text(definition)) } catch let error as LibvirtError
                where error.isUnsupported
            {
                throw EnvironmentError(
                    .refused,
                    "the libvirt of this host has no network filters, so the egress of network \(network.name) cannot be enforced; install its "
                        + "nwfilter driver (Fedora: libvirt-daemon-driver-nwfilter; Debian has it in libvirt-daemon), "
                        + "or do without: egress on")
            }
        }
    }

    package func removeFilter(named name: String, owner: PrefixID) async throws {
        guard HostNames.filterOwner(name)?.prefix == owner else {
            throw EnvironmentError(.refused, "the network filter \(name) is not this environment's; it is left alone")
        }
        try await link.use { connection in
            do { try connection.lookupNetworkFilter(name: name).undefine() } catch let error as LibvirtError
                where error.isNotFound || error.isUnsupported
            {
                return
            }
        }
    }

    private static var hasIPv6: Bool { SystemCall.exists("/proc/sys/net/ipv6") }

    private static func observe(_ network: AtollLibvirt.Network) throws -> ObservedNetwork {
        let (text, isActive) = (try network.xml(), try network.isActive())
        do {
            let description = try NetworkDescription(xml: text)
            return ObservedNetwork(
                name: network.name, isActive: isActive, owner: description.mark?.prefix, subnets: description.subnets)
        } catch let error as XMLError {
            return ObservedNetwork(
                name: network.name, isActive: isActive, owner: Mark(damaged: text)?.prefix, unreadable: error.description)
        }
    }
}
