package import AtollHostPorts
import AtollModel
package import AtollPlanning
import OrderedCollections

/// `stop`: powers VMs off at once, then takes down the networks no running VM uses any more.
package struct StopUseCase: Sendable {
    private let host: Host
    private let context: VerbContext

    package init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// Stops the named VMs; everything when no name is given.
    package func run(_ files: PrefixFiles, machines names: [String]) async throws {
        try await Prefix.exclusively(files, host: host, context: context) { journal in
            let environment = try SavedEnvironment.load(files)
            for note in environment.unmanaged(names, "stop") { context.note(note) }
            try await context.run(try await plan(environment, files: files, machines: names), journal: journal)
        }
    }

    /// What `run` would do.
    package func preview(_ files: PrefixFiles, machines names: [String]) async throws -> [PlannedStep] {
        try await plan(try SavedEnvironment.load(files), files: files, machines: names).preview()
    }

    func plan(_ environment: Environment, files: PrefixFiles, machines names: [String]) async throws -> Plan {
        try await LagoPrefix.refuseWhatLagoRuns(files, of: environment, on: host)
        let stopping = try environment.selecting(names).filter(\.isLocal)
        let running = Set(try await host.domains.domains().filter { $0.owner == environment.id }.map(\.name))
        let staying = environment.machines.values.filter { machine in
            !stopping.contains { $0.name == machine.name } && running.contains(environment.libvirtName(ofMachine: machine.name))
        }
        let needed = Set(staying.flatMap { $0.nics.map(\.net) })
        let networks = environment.networks.values.filter { !needed.contains($0.name) }
        var steps = stopping.map {
            Self.domainStep(named: environment.libvirtName(ofMachine: $0.name), label: $0.name, environment.id, host)
        }
        for network in networks {
            let users = stopping.filter { $0.nics.contains { $0.net == network.name } }
            steps.append(
                Self.networkStep(
                    named: environment.libvirtName(ofNetwork: network.name), label: network.name, environment.id, host,
                    needs: Set(users.map { "domain:\($0.name)" })))
            guard network.isFiltered else { continue }
            steps.append(
                Self.filterStep(
                    named: environment.filterName(ofNetwork: network.name), label: network.name, environment.id, host,
                    needs: ["network:\(network.name)"]))
        }
        return try Plan("Stop prefix \(files.name)", onFailure: .keep, steps: steps)
    }

    static func domainStep(named name: String, label: String, _ id: PrefixID, _ host: Host) -> Step {
        Step(
            "domain:\(label)", "stop VM \(label)",
            observe: {
                guard let found = try await host.domains.domain(named: name) else { return .done("not running") }
                return found.owner == id ? .absent : .done("the domain \(name) is foreign; not stopped")
            },
            apply: { _ in try await host.domains.stop(named: name, owner: id) })
    }

    static func networkStep(named name: String, label: String, _ id: PrefixID, _ host: Host, needs: Set<String>) -> Step {
        Step(
            "network:\(label)", "stop network \(label)", needs: needs,
            observe: {
                guard let found = try await host.networks.network(named: name) else { return .done("not running") }
                return found.owner == id ? .absent : .done("the network \(name) is foreign; not stopped")
            },
            apply: { _ in try await host.networks.stop(named: name, owner: id) })
    }

    static func filterStep(named name: String, label: String, _ id: PrefixID, _ host: Host, needs: Set<String>) -> Step {
        Step(
            "filter:\(label)", "remove the filter of network \(label)", needs: needs,
            observe: { try await host.filters.filters().contains { $0.name == name } ? .absent : .done("not there") },
            apply: { _ in try await host.filters.remove(named: name, owner: id) })
    }
}
