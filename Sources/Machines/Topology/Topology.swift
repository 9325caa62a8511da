package import AtollModel
import OrderedCollections

/// A spec and what is taken on the host, to a resolved environment: subnets, gateways, addresses, names, DNS (spec 2.4).
///
/// Pure and deterministic: it claims nothing and looks at nothing; callers observe the host into a `HostOccupancy` and claim the
/// subnets afterwards. Disks stay empty, they need templates. Start with `resolve`.
package enum Topology {
    /// Decides everything about nets and NICs. Throws `InvalidInput` with all errors, in file order; returns warnings.
    package static func resolve(_ spec: EnvironmentSpec, id: PrefixID, occupancy: HostOccupancy) throws(InvalidInput)
        -> (environment: Environment, warnings: [Diagnostic])
    {
        var resolution = Resolution(spec: spec)
        var (networks, homes, nics) = resolution.decide(occupancy)
        try resolution.finish()

        NameService.fill(&networks, machines: nics, homes: homes)
        var machines: OrderedDictionary<String, Machine> = [:]
        for (name, domain) in spec.domains {
            machines[name] = Machine(spec: domain, nics: nics[name] ?? [], managementNet: homes[name] ?? "")
        }
        return (Environment(id: id, machines: machines, networks: networks), resolution.warnings)
    }

    /// What is wrong with the nets and NICs of a spec that has errors already: those and what only follows from them are not told again.
    /// In file order.
    package static func findings(_ spec: EnvironmentSpec, beside errors: [Diagnostic], occupancy: HostOccupancy) -> [Diagnostic] {
        var resolution = Resolution(spec: spec, faults: Set(errors.map(\.path)))
        _ = resolution.decide(occupancy)
        return (resolution.errors + resolution.warnings).inFileOrder()
    }
}

/// What is taken on a host, as far as subnets go.
package struct HostOccupancy: Sendable, Equatable {
    /// A subnet in use, and by what: "the route of eth0", "the libvirt network default".
    package struct Use: Sendable, Equatable {
        package var subnet: IPv4Subnet
        package var holder: String

        package init(_ subnet: IPv4Subnet, by holder: String) {
            self.subnet = subnet
            self.holder = holder
        }
    }
    /// Third octets with a valid lease, and who holds it: "/w/.lago/default/uuid".
    package var leases: [UInt8: String]
    /// Host routes and libvirt networks. A default route takes nothing.
    package var uses: [Use]

    package init(leases: [UInt8: String] = [:], uses: [Use] = []) {
        self.leases = leases
        self.uses = uses.filter { $0.subnet.prefixLength > 0 }
    }

    /// What stands in the way of using `subnet`, or nil.
    package func conflict(with subnet: IPv4Subnet) -> String? {
        if subnet.isLeased, let holder = leases[subnet.base.octets[2]] { return "it is already taken by \(holder)" }
        return uses.first { $0.subnet.overlaps(subnet) }.map { "it overlaps \($0.subnet), \($0.holder)" }
    }
}

/// The working state of one resolution: what was found wrong so far.
struct Resolution {
    let spec: EnvironmentSpec
    let doubts: Doubts
    private(set) var errors: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []
    /// Nets whose written addresses were said to move.
    var moved: Set<String> = []

    /// - Parameter faults: where the spec has errors already.
    init(spec: EnvironmentSpec, faults: Set<FieldPath> = []) {
        self.spec = spec
        doubts = Doubts(faults: faults)
    }

    mutating func decide(_ occupancy: HostOccupancy) -> (
        networks: OrderedDictionary<String, Network>, homes: [String: String], nics: [String: [NIC]]
    ) {
        let management = selectManagement()
        let networks = networks(management: management, occupancy: occupancy)
        return (networks, managementNets(among: management), addresses(on: networks))
    }

    mutating func error(_ path: FieldPath, _ message: String) {
        errors.append(Diagnostic(.error, at: path, in: spec.sources, message))
    }

    mutating func warning(_ path: FieldPath, _ message: String) {
        warnings.append(Diagnostic(.warning, at: path, in: spec.sources, message))
    }

    func finish() throws(InvalidInput) {
        guard !errors.isEmpty else { return }
        throw InvalidInput(errors.inFileOrder())
    }
}
