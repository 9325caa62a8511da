public import AtollClaims
public import AtollInitFile
public import AtollModel
import AtollPlatform
import AtollTopology

/// From an init file and the observed host to a resolved environment: addresses and names, no disks yet.
public struct Resolution: Sendable {
    public var spec: EnvironmentSpec
    public var environment: Environment
    public var warnings: [Diagnostic]

    /// Loads and resolves.
    /// - Parameter defaults: what configuration says for VMs that say nothing.
    /// - Parameter networks: libvirt's, so that their subnets are avoided; empty where libvirt cannot be asked.
    /// - Parameter taken: 4 or 8 digits that names on the host start with already.
    /// - Throws: `InvalidInput` with everything wrong with the file.
    public static func make(
        file: String, defaults: SpecDefaults, leases: LeaseStore, routes: [(subnet: IPv4Subnet, description: String)],
        networks: [ObservedNetwork],
        taken: Set<String>, generator: inout some RandomNumberGenerator
    ) throws -> Resolution {
        let draft = InitFile.draft(path: file)
        var id = PrefixID(using: &generator)
        // Names on the host start with 4 or 8 digits of the uuid: both must be nobody else's.
        while taken.contains(id.four) || taken.contains(id.eight) { id = PrefixID(using: &generator) }
        guard draft.isResolvable else { throw InvalidInput(draft.errors) }
        let spec = InitFile.applying(defaults, to: draft.spec)
        do {
            let (environment, more) = try Topology.resolve(
                spec, id: id, occupancy: try occupancy(leases: leases, routes: routes, networks: networks))
            guard draft.errors.isEmpty else { throw InvalidInput(draft.errors) }
            return Resolution(spec: spec, environment: environment, warnings: draft.warnings + more)
        } catch let invalid as InvalidInput where !draft.errors.isEmpty {
            // Everything wrong with a file in one go, in its order, each thing once.
            var all = draft.errors
            all += invalid.diagnostics.filter { !draft.errors.contains($0) }
            throw InvalidInput(
                all.sorted { ($0.position?.line ?? 0, $0.position?.column ?? 0) < ($1.position?.line ?? 0, $1.position?.column ?? 0) })
        }
    }

    private static func occupancy(
        leases: LeaseStore, routes: [(subnet: IPv4Subnet, description: String)], networks: [ObservedNetwork]
    ) throws -> HostOccupancy {
        var uses = routes.map { HostOccupancy.Use($0.subnet, by: $0.description) }
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
