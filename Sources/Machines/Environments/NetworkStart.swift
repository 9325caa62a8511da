import AtollHostPorts
import AtollDomainPlan
import AtollModel
import AtollVirtXML

/// Starts networks and defines their filters: reads what the plans need from the host, plans, applies.
struct NetworkStart {
    let host: Host

    /// Starts a network. The name server of a filtered network gives the addresses that its filter permits, so the filter must exist.
    func run(_ network: Network, of environment: Environment) async throws {
        var definition = try NetworkDefinition(network, of: environment, hasIPv6: await host.interfaces.hasIPv6())
        if network.isFiltered {
            definition.dns?.pinned = try await host.filters.addresses(inFilter: environment.filterName(ofNetwork: network.name))
        }
        try await host.networks.start(definition)
    }

    /// Defines the filter of a network; no-op for a network without one.
    func defineFilter(for network: Network, of environment: Environment) async throws {
        guard network.isFiltered else { return }
        try BridgePlan.checkFiltering(await host.interfaces.bridgeFiltering(), isApplied: false)
        var names: [String: [IPv4Address]] = [:]
        for name in EgressPlan.hostNames(of: network) { names[name] = try await addresses(of: name, network) }
        let definition = EgressPlan.definition(
            of: network, in: environment, hasIPv6: await host.interfaces.hasIPv6(), names: names,
            hostAddresses: try await host.interfaces.addresses(), served: try await host.networks.networks().flatMap(\.subnets))
        if let definition { try await host.filters.define(definition) }
    }

    /// Stray bridge devices of deleted networks.
    func strayBridges() async throws -> Set<String> {
        let bridges = await host.interfaces.bridges()
        guard !BridgePlan.strays(bridges, used: []).isEmpty else { return [] }
        return BridgePlan.strays(bridges, used: Set(try await host.networks.networks().compactMap(\.bridge)))
    }

    private func addresses(of name: String, _ network: Network) async throws -> [IPv4Address] {
        do {
            return try await host.interfaces.addresses(ofHost: name)
        } catch let error as EnvironmentError {
            throw EnvironmentError(error.code, "egress of network '\(network.name)': \(error.message)")
        }
    }
}
