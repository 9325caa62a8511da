package import AtollHostPorts
package import AtollClaims
package import AtollInitFile
package import AtollModel
package import AtollPlatform
import AtollTopology

/// From an init file and the observed host to a resolved environment: addresses and names, no disks yet.
package struct Resolution: Sendable {
    package var spec: EnvironmentSpec
    package var environment: Environment
    package var warnings: [Diagnostic]

    /// Everything that one look at an init file tells.
    package struct Examination: Sendable {
        /// With errors it is only good for looking further (`InitFile.Draft`).
        package var spec: EnvironmentSpec
        /// nil when there are errors.
        package var environment: Environment?
        /// Errors and warnings, in file order.
        package var findings: [Diagnostic]
        package var hasErrors: Bool { environment == nil }

        /// The findings with others that concern the same file, in file order; a place with an error gets no further finding.
        package func findings(and others: [Diagnostic]) -> [Diagnostic] {
            let faults = Set(findings.filter { $0.severity == .error }.map(\.path))
            return (findings + others.filter { !faults.contains($0.path) }).inFileOrder()
        }
    }

    /// Loads and resolves.
    /// - Throws: `InvalidInput` with everything wrong with the file.
    package static func make(
        file: String, defaults: SpecDefaults, leases: LeaseStore, routes: [HostRoute],
        networks: [ObservedNetwork],
        taken: Set<String>, generator: inout some RandomNumberGenerator
    ) throws -> Resolution {
        let found = try examine(
            file: file, defaults: defaults, leases: leases, routes: routes, networks: networks, taken: taken, generator: &generator)
        guard let environment = found.environment else { throw InvalidInput(found.findings) }
        return Resolution(spec: found.spec, environment: environment, warnings: found.findings)
    }

    /// The same, with errors as values, for callers that add findings of their own before they give up.
    /// - Parameter defaults: what configuration says for VMs that say nothing.
    /// - Parameter networks: libvirt's, so that their subnets are avoided; empty where libvirt cannot be asked.
    /// - Parameter taken: 4 or 8 digits that names on the host start with already.
    package static func examine(
        file: String, defaults: SpecDefaults, leases: LeaseStore, routes: [HostRoute],
        networks: [ObservedNetwork],
        taken: Set<String>, generator: inout some RandomNumberGenerator
    ) throws -> Examination {
        let draft = InitFile.draft(path: file)
        var id = PrefixID(using: &generator)
        // Names on the host start with 4 or 8 digits of the uuid: both must be nobody else's.
        while taken.contains(id.four) || taken.contains(id.eight) { id = PrefixID(using: &generator) }
        let spec = InitFile.applying(defaults, to: draft.spec)
        let said = draft.errors + draft.warnings
        guard draft.isRead else { return Examination(spec: spec, environment: nil, findings: said.inFileOrder()) }
        let occupancy = try occupancy(leases: leases, routes: routes, networks: networks)
        if draft.errors.isEmpty, let (environment, more) = try? Topology.resolve(spec, id: id, occupancy: occupancy) {
            return Examination(spec: spec, environment: environment, findings: (said + more).inFileOrder())
        }
        let more = Topology.findings(spec, beside: draft.errors, occupancy: occupancy)
        return Examination(spec: spec, environment: nil, findings: (said + more).inFileOrder())
    }

    private static func occupancy(
        leases: LeaseStore, routes: [HostRoute], networks: [ObservedNetwork]
    ) throws -> HostOccupancy {
        var uses = routes.map { HostOccupancy.Use($0.subnet, by: "the route over \($0.device)") }
        for network in networks { uses += network.subnets.map { HostOccupancy.Use($0, by: "the libvirt network \(network.name)") } }
        let snapshot = try leases.snapshot()
        var holders: [UInt8: String] = [:]
        for octet in snapshot.taken { holders[octet] = snapshot.leases[octet]?.holder?.uuidPath ?? "a lease file that cannot be read" }
        return HostOccupancy(leases: holders, uses: uses)
    }

    /// Starts of names that something on the host uses already.
    static func takenStarts(registry: PrefixRegistry, domains: [ObservedDomain], networks: [ObservedNetwork]) throws -> Set<String> {
        var taken: Set<String> = []
        for name in domains.map(\.name) + networks.map(\.name) {
            guard let start = name.split(separator: "-").first, start.count == 4 || start.count == 8 else { continue }
            taken.insert(String(start))
            taken.insert(String(start.prefix(4)))
        }
        for id in try registry.list().entries.compactMap(\.id) {
            taken.insert(id.four)
            taken.insert(id.eight)
        }
        return taken
    }
}
