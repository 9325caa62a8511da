public import AtollModel
import OrderedCollections

/// A spec and what is taken on the host, to a resolved environment: subnets, gateways, addresses, names, DNS (spec 2.4).
///
/// Pure and deterministic: it claims nothing and looks at nothing; callers observe the host into a `HostOccupancy` and claim the
/// subnets afterwards. Disks stay empty, they need templates. Start with `resolve`.
public enum Topology {
    /// Decides everything about nets and NICs. Throws `InvalidInput` with all errors, in file order; returns warnings.
    public static func resolve(_ spec: EnvironmentSpec, id: PrefixID, occupancy: HostOccupancy) throws(InvalidInput)
        -> (environment: Environment, warnings: [Diagnostic])
    {
        var resolution = Resolution(spec: spec)
        let management = resolution.selectManagement()
        var networks = resolution.networks(management: management, occupancy: occupancy)
        let homes = resolution.managementNets(of: spec.domains, among: management)
        let nics = resolution.addresses(on: networks)
        try resolution.finish()

        NameService.fill(&networks, machines: nics, homes: homes)
        var machines: OrderedDictionary<String, Machine> = [:]
        for (name, domain) in spec.domains {
            machines[name] = Machine(spec: domain, nics: nics[name] ?? [], managementNet: homes[name] ?? "")
        }
        return (Environment(id: id, machines: machines, networks: networks), resolution.warnings)
    }
}

/// What is taken on a host, as far as subnets go.
public struct HostOccupancy: Sendable, Equatable {
    /// A subnet in use, and by what: "the route of eth0", "the libvirt network default".
    public struct Use: Sendable, Equatable {
        public var subnet: IPv4Subnet
        public var holder: String

        public init(_ subnet: IPv4Subnet, by holder: String) {
            self.subnet = subnet
            self.holder = holder
        }
    }
    /// Third octets with a valid lease, and who holds it: "/w/.lago/default/uuid".
    public var leases: [UInt8: String]
    /// Host routes and libvirt networks. A default route takes nothing.
    public var uses: [Use]

    public init(leases: [UInt8: String] = [:], uses: [Use] = []) {
        self.leases = leases
        self.uses = uses.filter { $0.subnet.prefixLength > 0 }
    }

    /// What stands in the way of using `subnet`, or nil.
    public func conflict(with subnet: IPv4Subnet) -> String? {
        if subnet.isLeased, let holder = leases[subnet.base.octets[2]] { return "it is already taken by \(holder)" }
        return uses.first { $0.subnet.overlaps(subnet) }.map { "it overlaps \($0.subnet), \($0.holder)" }
    }
}

/// The working state of one resolution: what was found wrong so far.
struct Resolution {
    let spec: EnvironmentSpec
    private var errors: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []

    init(spec: EnvironmentSpec) { self.spec = spec }

    mutating func error(_ path: FieldPath, _ message: String) {
        errors.append(Diagnostic(.error, at: path, in: spec.sources, message))
    }

    mutating func warning(_ path: FieldPath, _ message: String) {
        warnings.append(Diagnostic(.warning, at: path, in: spec.sources, message))
    }

    func finish() throws(InvalidInput) {
        guard !errors.isEmpty else { return }
        let ordered = errors.enumerated().sorted { a, b in
            let (p, q) = (a.element.position, b.element.position)
            return (p?.line ?? 0, p?.column ?? 0, a.offset) < (q?.line ?? 0, q?.column ?? 0, b.offset)
        }
        throw InvalidInput(ordered.map(\.element))
    }
}
