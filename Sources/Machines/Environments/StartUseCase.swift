package import AtollHostPorts
package import AtollModel
package import AtollPlanning
import OrderedCollections

/// `start`: networks, then VMs, each only if it is not running; all at once along the graph.
package struct StartUseCase: Sendable {
    private let host: Host
    private let context: VerbContext

    package init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// Starts the named VMs and the networks they are on; all of both when no name is given.
    /// - Throws: `EnvironmentError.notFound` for an unknown VM; `PlanFailure`.
    package func run(_ files: PrefixFiles, machines names: [String]) async throws -> Environment {
        try await Prefix.exclusively(files, host: host, context: context) { journal in
            let environment = try SavedEnvironment.load(files)
            for note in environment.unmanaged(names, "start") { context.note(note) }
            try await context.run(plan(environment, files: files, machines: names), journal: journal)
            return environment
        }
    }

    /// What `run` would do.
    package func preview(_ files: PrefixFiles, machines names: [String]) async throws -> [PlannedStep] {
        try await plan(try SavedEnvironment.load(files), files: files, machines: names).preview()
    }

    func plan(_ environment: Environment, files: PrefixFiles, machines names: [String]) throws -> Plan {
        let machines = try environment.selecting(names)
        let used = Set(machines.flatMap { $0.nics.map(\.net) })
        let networks = environment.networks.values.filter { names.isEmpty || used.contains($0.name) }
        var steps = networks.filter(\.isFiltered).map { filterStep($0, environment) } + networks.map { networkStep($0, environment) }
        steps += machines.filter(\.isLocal).map { domainStep($0, environment, files) }
        return try Plan("Start prefix \(files.name)", onFailure: .undo, steps: steps)
    }

    /// Host names in it are looked up when the network starts, and not again while it runs: its name server was told the answers.
    private func filterStep(_ network: Network, _ environment: Environment) -> Step {
        let name = environment.filterName(ofNetwork: network.name)
        let served = environment.libvirtName(ofNetwork: network.name)
        return Step(
            "filter:\(network.name)", "limit what network \(network.name) reaches",
            observe: { [host] in
                let isThere = try await host.filters.filters().contains { $0.name == name }
                let runs = try await host.networks.network(named: served)?.isActive == true
                return isThere && runs ? .done("limited") : .absent
            },
            apply: { [host] _ in try await NetworkStart(host: host).defineFilter(for: network, of: environment) },
            undo: { [host] in try await host.filters.remove(named: name, owner: environment.id) })
    }

    private func networkStep(_ network: Network, _ environment: Environment) -> Step {
        let name = environment.libvirtName(ofNetwork: network.name)
        let bridge = environment.bridgeName(ofNetwork: network.name)
        return Step(
            "network:\(network.name)", "start network \(network.name)", needs: network.isFiltered ? ["filter:\(network.name)"] : [],
            observe: { [host] in
                let found = try await host.networks.network(named: name)
                guard let found, found.owner != environment.id || found.isActive else {
                    return try await SubnetUse(host: host).conflict(of: network, in: environment).map(Step.Observation.foreign) ?? .absent
                }
                if found.owner == environment.id { return .done("running") }
                return .foreign(
                    "there is a libvirt network called \(name) that this environment did not make; it is left alone. "
                        + "Look at it with: virsh net-dumpxml \(name)")
            },
            apply: { [host, context] progress in
                // One of ours that is there without being active blocks its own name.
                try await host.networks.stop(named: name, owner: environment.id)
                if network.kind != .bridge, try await NetworkStart(host: host).strayBridges().contains(bridge) {
                    progress.report(nil, "removing the bridge \(bridge), which a killed libvirt daemon left")
                    try await host.interfaces.removeBridge(named: bridge)
                }
                for warning in SubnetUse(host: host).shadows(of: network) { context.note(warning) }
                try await NetworkStart(host: host).run(network, of: environment)
            },
            undo: { [host] in try await host.networks.stop(named: name, owner: environment.id) })
    }

    private func domainStep(_ machine: Machine, _ environment: Environment, _ files: PrefixFiles) -> Step {
        let name = environment.libvirtName(ofMachine: machine.name)
        return Step(
            "domain:\(machine.name)", "start VM \(machine.name)", needs: Set(machine.nics.map { "network:\($0.net)" }),
            observe: { [host] in
                guard let found = try await host.domains.domain(named: name) else { return .absent }
                guard found.owner == environment.id else {
                    return .foreign(
                        "there is a libvirt domain called \(name) that this environment did not make; it is left alone. "
                            + "Look at it with: virsh dumpxml \(name)")
                }
                // A crashed or shut off transient domain of ours blocks its own name: it has to go first, which `apply` does.
                return [.running, .blocked, .paused, .suspended].contains(found.state) ? .done(found.state.rawValue) : .absent
            },
            apply: { [host] progress in
                try await host.disks.checkTemplates(under: machine, files: files) { progress.report($0, $1) }
                try await host.domains.stop(named: name, owner: environment.id)
                try await DomainStart(host: host).run(machine, of: environment, files: files)
            },
            undo: { [host] in try await host.domains.stop(named: name, owner: environment.id) })
    }
}
