package import AtollHostPorts
package import AtollDomainPlan
package import AtollModel
package import AtollVirtXML
import Synchronization

extension FakeHost: Networks {
    package func networks() async throws -> [ObservedNetwork] { try libvirt { Array($0.networks.values) } }
    package func network(named name: String) async throws -> ObservedNetwork? { try libvirt { $0.networks[name] } }

    package func start(_ definition: NetworkDefinition) async throws {
        try checkCreation()
        let owner = definition.ownerTag.prefix
        try libvirt { world in
            if let existing = world.networks[definition.name] {
                guard existing.owner == owner, existing.isActive else {
                    throw EnvironmentError(.hostFailure, "network '\(definition.name)' already exists")
                }
                return
            }
            guard !world.bridges.contains(definition.bridge) else {
                throw EnvironmentError(.hostFailure, "error creating bridge interface: File exists")
            }
            world.networks[definition.name] = ObservedNetwork(
                name: definition.name, isActive: true, owner: owner, subnets: definition.gateway.map { [IPv4Subnet(containing: $0)] } ?? [],
                bridge: definition.bridge)
            world.networkDefinitions[definition.name] = definition
        }
    }
}

extension FakeHost: NetworkFilters {
    package func filters() async throws -> [ObservedFilter] { try libvirt { Array($0.filters) } }

    package func addresses(inFilter name: String) async throws -> [String: [IPv4Address]] {
        try libvirt { world in
            guard world.filters.contains(where: { $0.name == name }) else {
                throw EnvironmentError(.notFound, "network filter '\(name)' is missing")
            }
            let named = (world.filterDefinitions[name]?.openings ?? []).filter { $0.name != nil }
            return Dictionary(grouping: named, by: { $0.name ?? "" }).mapValues { $0.map(\.subnet.base) }
        }
    }

    package func define(_ definition: FilterDefinition) async throws {
        try checkCreation()
        try libvirt { world in
            guard let owner = HostNames.filterOwner(definition.name)?.prefix else { return }
            world.filters.insert(ObservedFilter(name: definition.name, owner: owner))
            world.filterDefinitions[definition.name] = definition
        }
    }

    package func remove(named name: String, owner: PrefixID) async throws {
        guard let parsed = HostNames.filterOwner(name), parsed.prefix == owner else {
            throw EnvironmentError.foreign("network filter", name, owner)
        }
        let network = try HostNames.network(owner, parsed.net)
        try libvirt { world in
            guard world.networks[network] == nil else { throw EnvironmentError(.hostFailure, "network filter '\(name)' is in use") }
            world.filters = world.filters.filter { $0.name != name }
            world.filterDefinitions[name] = nil
        }
    }
}

extension FakeHost: HostInterfaces {
    package func addresses() async throws -> [IPv4Address] { world.withLock { $0.hostAddresses } }

    package func addresses(ofHost name: String) async throws -> [IPv4Address] {
        guard let found = world.withLock({ $0.resolver[name] }) else {
            throw EnvironmentError(.hostFailure, "host name '\(name)' does not resolve on this host")
        }
        return found
    }

    package func hasIPv6() async -> Bool { true }
    package func bridges() async -> Set<String> { world.withLock { $0.bridges.union($0.networks.values.compactMap(\.bridge)) } }

    package func removeBridge(named name: String) async throws {
        try world.withLock { world in
            guard world.mayRemoveBridges else {
                throw EnvironmentError(.refused, "stray bridge '\(name)' cannot be deleted\nhint: sudo ip link delete \(name)")
            }
            world.bridges.remove(name)
        }
    }

    package func bridgeFiltering() async -> BridgePlan.Filtering { world.withLock { $0.bridgeFiltering } }
}
