import AtollHostPorts
import AtollClaims
import AtollModel
package import AtollPlanning
import AtollPlatform
import AtollVirtXML
import OrderedCollections

/// `destroy`: removes a prefix and everything on the host that carries its mark.
///
/// It works from what the host shows, not from the prefix's own files, so that a half-made or half-removed prefix goes too.
package struct DestroyUseCase: Sendable {
    private let host: Host
    private let context: VerbContext

    package init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// Destroys one prefix.
    package func run(_ found: Locator.Found) async throws {
        try await Prefix.exclusively(found.files, host: host, context: context, mayBeGone: true) { journal in
            try await remove(found.files, workdir: found.workdir, journal: journal)
        }
    }

    /// What `run` would do.
    package func preview(_ found: Locator.Found) async throws -> [PlannedStep] {
        try await plan(found.files, workdir: found.workdir).preview()
    }

    /// The work, for callers that hold the prefix's lock.
    func remove(_ files: PrefixFiles, workdir: Workdir?, journal: Journal?) async throws {
        try await context.run(try await plan(files, workdir: workdir), journal: journal)
    }

    func plan(_ files: PrefixFiles, workdir: Workdir?) async throws -> Plan {
        let id = try identity(of: files)
        let environment = try? SavedEnvironment.load(files)
        if let environment { try await LagoPrefix.refuseWhatLagoRuns(files, of: environment, on: host) }
        let (allDomains, allNetworks) = (try await host.domains.domains(), try await host.networks.networks())
        for warning in allDomains.compactMap(\.warning) + allNetworks.compactMap(\.warning) { context.note(warning) }
        let domains = allDomains.filter { $0.owner == id }.map(\.name).sorted()
        let networks = allNetworks.filter { $0.owner == id }.map(\.name).sorted()
        var steps = domains.map { StopUseCase.domainStep(named: $0, label: Self.label($0, after: id.eight), id, host) }
        let stops = Set(steps.map(\.id))
        steps += networks.map { StopUseCase.networkStep(named: $0, label: Self.label($0, after: id.four), id, host, needs: stops) }
        // A filter cannot go while a domain uses it.
        let users = Set(steps.map(\.id))
        steps += try await host.filters.filters().filter { $0.owner == id }.map(\.name).sorted().map { name in
            StopUseCase.filterStep(named: name, label: String(name.dropFirst("atoll-\(id.hex)-".count)), id, host, needs: users)
        }
        let strays = try await NetworkStart(host: host).strayBridges()
        for net in environment?.networks.values.elements ?? [] where net.kind != .bridge && strays.contains(HostNames.bridge(id, net.name))
        {
            steps.append(bridgeStep(HostNames.bridge(id, net.name), net.name))
        }
        let all = Set(steps.map(\.id))
        steps.append(leaseStep(id, files, needs: all))
        steps.append(imageStep(id, needs: all))
        steps.append(directoryStep(files, id, workdir, needs: Set(steps.map(\.id))))
        return try Plan("Destroy prefix \(files.name)", onFailure: .keep, steps: steps)
    }

    /// What the user called it: the name on the host without the uuid's digits.
    private static func label(_ name: String, after start: String) -> String {
        name.hasPrefix(start + "-") ? String(name.dropFirst(start.count + 1)) : name
    }

    /// The prefix's uuid: from its file, else from the registry (its init was killed before it wrote one).
    /// - Throws: `.refused` when neither knows it: then nothing shows that the directory is a prefix, and it stays.
    private func identity(of files: PrefixFiles) throws -> PrefixID {
        if let id = try files.id ?? host.registry.find(path: files.path)?.id { return id }
        throw EnvironmentError(.refused, "\(files.path) is no prefix that Atoll or Lago made; it is left alone")
    }

    /// A bridge that only root can remove blocks nothing else: the environment goes, and its user is told the command.
    private func bridgeStep(_ bridge: String, _ net: String) -> Step {
        Step(
            "bridge:\(net)", "remove the left-over bridge of network \(net)",
            apply: { [host, context] progress in
                do { try await host.interfaces.removeBridge(named: bridge) } catch let error as EnvironmentError
                    where error.code == .refused
                {
                    progress.report(nil, "it stays")
                    context.note("warning: not removed: \(error)")
                }
            })
    }

    private func leaseStep(_ id: PrefixID, _ files: PrefixFiles, needs: Set<String>) -> Step {
        // Where the prefix took its leases, which need not be where this verb would look.
        let leaseDirectory = (try? host.registry.find(id))?.leaseDirectory ?? host.leases.directory
        return Step(
            "leases", "release subnets", needs: needs,
            apply: { progress in
                let store = LeaseStore(directory: leaseDirectory)
                let freed = try await store.release(of: LeaseOwner(uuidPath: files.uuid, uuid: id.hex))
                if !freed.isEmpty { progress.report(nil, freed.map(\.description).joined(separator: ", ")) }
            })
    }

    private func imageStep(_ id: PrefixID, needs: Set<String>) -> Step {
        let path = host.stateRoot.images(of: id)
        return Step(
            "images", "remove disk images", needs: needs,
            observe: { SystemCall.exists(path) ? .absent : .done("") },
            apply: { _ in try await Blocking.run { try Directories.removeTree(path) } })
    }

    private func directoryStep(_ files: PrefixFiles, _ id: PrefixID, _ workdir: Workdir?, needs: Set<String>) -> Step {
        Step(
            "prefix", "remove \(files.path)", needs: needs,
            apply: { [host] _ in
                try await Blocking.run {
                    // The registry entry goes before the uuid file: whenever this is cut short, one of the two still says what this is.
                    for name in try Directories.list(files.path) where name != "uuid" {
                        try Directories.removeTree(files.path + "/" + name)
                    }
                    try host.registry.remove(id)
                    try Directories.removeTree(files.path)
                    try workdir?.tidy()
                    // Now, not when the verb ends: killed in between, nobody would come by here again.
                    try Directories.removeTree(PrefixLock.path(of: files, root: host.stateRoot))
                }
            })
    }
}
