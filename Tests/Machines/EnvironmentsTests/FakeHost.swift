import AtollHostPorts
import AtollClaims
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlatform
import AtollTestSupport
import AtollVirtXML
import Synchronization

/// A host in memory: domains and networks are names with an owner; disks are real small files. It outlives a "crashed" verb.
final class FakeHost: Hypervisor, NetworkHost, DiskTool, TemplateSource, GuestPreparer, GuestConnector, ConsoleHost, Sendable {
    struct World {
        var domains: [String: ObservedDomain] = [:]
        var networks: [String: ObservedNetwork] = [:]
        var filters: Set<ObservedFilter> = []
        var stored: Set<String> = ["tiny"]
        var sysprepRuns: [[String]] = []
        /// Names of domains that refuse to start.
        var broken: Set<String> = []
        /// Bridge devices that no network has.
        var strays: Set<String> = []
        /// Whether this user may remove those.
        var mayRemoveBridges = true
        var routes: [HostRoute] = []
        var hardware: HardwareOffer?
        /// How often `stop` ended a running domain, by name.
        var stops: [String: Int] = [:]
        /// Commands that ran over ssh, as `VM: COMMAND`.
        var shells: [String] = []
        /// Domains whose serial consoles were attached.
        var consoles: [String] = []
    }
    let world = Mutex(World())
    let workspace: Workspace

    init() throws { workspace = try Workspace("fakehost") }

    var stateRoot: StateRoot { StateRoot(path: workspace.path + "/state") }
    var leases: LeaseStore { LeaseStore(directory: workspace.path + "/leases") }

    func host() throws -> AtollEnvironments.Host {
        try Directories.make(leases.directory)
        try stateRoot.prepare()
        return AtollEnvironments.Host(
            hypervisor: self, networks: self, disks: self, templates: self, preparer: self, guests: self, consoles: self,
            stateRoot: stateRoot, registry: PrefixRegistry(stateRoot), leases: leases,
            accelerator: AcceleratorChoice(.tcg, reason: "a test"), routes: { [self] in world.withLock { $0.routes } })
    }

    // MARK: Hypervisor
    func domains() async throws -> [ObservedDomain] { world.withLock { Array($0.domains.values) } }
    func domain(named name: String) async throws -> ObservedDomain? { world.withLock { $0.domains[name] } }
    func start(_ machine: Machine, of environment: Environment, files: PrefixFiles, accelerator: Accelerator) async throws {
        let name = environment.libvirtName(ofMachine: machine.name)
        let ready = world.withLock { world in
            machine.nics.allSatisfy { world.networks[environment.libvirtName(ofNetwork: $0.net)]?.isActive == true }
        }
        guard ready else { throw EnvironmentError(.hostFailure, "a network of \(name) is not up") }
        for disk in machine.disks where !SystemCall.exists(files.resolved(disk.path)) {
            throw EnvironmentError(.hostFailure, "\(disk.path) is not there")
        }
        try world.withLock { world in
            guard !world.broken.contains(machine.name) else { throw EnvironmentError(.hostFailure, "\(name) refuses to start") }
            world.domains[name] = ObservedDomain(name: name, state: .running, owner: environment.id, accelerator: accelerator)
        }
    }

    func hardware() async throws -> HardwareOffer {
        guard let offer = world.withLock({ $0.hardware }) else { throw EnvironmentError(.hostFailure, "nobody answers") }
        return offer
    }

    // MARK: both
    func stop(named name: String, owner: PrefixID) async throws {
        try world.withLock { world in
            if let domain = world.domains[name] {
                guard domain.owner == owner else { throw EnvironmentError(.refused, "\(name) is not ours") }
                world.domains[name] = nil
                world.stops[name, default: 0] += 1
            }
            if let network = world.networks[name] {
                guard network.owner == owner else { throw EnvironmentError(.refused, "\(name) is not ours") }
                world.networks[name] = nil
            }
        }
    }

    // MARK: NetworkHost
    func networks() async throws -> [ObservedNetwork] { world.withLock { Array($0.networks.values) } }
    func network(named name: String) async throws -> ObservedNetwork? { world.withLock { $0.networks[name] } }
    func start(_ network: Network, of environment: Environment) async throws {
        let name = environment.libvirtName(ofNetwork: network.name)
        try world.withLock { world in
            guard !world.strays.contains(HostNames.bridge(environment.id, network.name)) else {
                throw EnvironmentError(.hostFailure, "error creating bridge interface: File exists")
            }
            let subnets = network.subnet.map { [$0] } ?? []
            world.networks[name] = ObservedNetwork(name: name, isActive: true, owner: environment.id, subnets: subnets)
        }
    }
    func strayBridges() async throws -> Set<String> { world.withLock { $0.strays } }
    func removeStrayBridge(named name: String) async throws {
        try world.withLock { world in
            guard world.mayRemoveBridges else { throw EnvironmentError(.refused, "remove \(name) with: sudo ip link delete \(name)") }
            world.strays.remove(name)
        }
    }

    func filters() async throws -> [ObservedFilter] { world.withLock { Array($0.filters) } }
    func makeFilter(for network: Network, of environment: Environment) async throws {
        let name = HostNames.filter(environment.id, network.name)
        world.withLock { _ = $0.filters.insert(ObservedFilter(name: name, owner: environment.id)) }
    }
    func removeFilter(named name: String, owner: PrefixID) async throws {
        try world.withLock { world in
            let network = try HostNames.network(owner, HostNames.filterOwner(name)?.net ?? "")
            guard world.networks[network] == nil else { throw EnvironmentError(.hostFailure, "the filter \(name) is in use") }
            world.filters = world.filters.filter { $0.name != name }
        }
    }

    // MARK: DiskTool
    func exists(_ path: String) async throws -> Bool { SystemCall.exists(path) }
    func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws {
        try AtomicFile.write("disk", to: disk.path)
    }
    func remove(_ path: String) async throws { try Directories.removeTree(path) }

    func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws {}
    func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws {}

    // MARK: TemplateSource
    func stored(template: String, version: String?) async throws -> StoredImage? {
        world.withLock { $0.stored.contains(template) }
            ? StoredImage(
                name: "atoll:\(template):1", path: "/store/\(template)",
                metadata: ["distro": .string(template), "bootstrap": template == "tiny" ? "cloud-init" : "sysprep"]) : nil
    }
    func problem(template: String, version: String?) async -> String? { nil }
    func fetch(template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void) async throws -> StoredImage {
        guard template != "nowhere" else { throw EnvironmentError(.notFound, "Image nowhere doesn't exist in repo fake") }
        world.withLock { _ = $0.stored.insert(template) }
        guard let image = try await stored(template: template, version: version) else { throw EnvironmentError(.hostFailure, "gone") }
        return image
    }

    // MARK: GuestPreparer
    func makeIdentity(_ guest: GuestPreparation) async throws {
        try AtomicFile.write("{}", to: guest.files.identity(guest.machine.name), mode: 0o600)
    }
    func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws {}
    func writeSeed(_ guest: GuestPreparation) async throws { try AtomicFile.write("seed", to: guest.files.seed(guest.machine.name)) }
    func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws {
        world.withLock { $0.sysprepRuns.append(guests.map(\.machine.name)) }
    }

    // MARK: GuestConnector, ConsoleHost
    func waitUntilReady(
        _ machine: Machine, of environment: Environment, files: PrefixFiles, deadline: Duration, seen: @escaping @Sendable (String) -> Void
    ) async throws -> GuestReady { GuestReady(machine: machine.name, waited: .zero, attempts: 1) }
    func shell(_ machine: Machine, of environment: Environment, files: PrefixFiles, command: RemoteCommand) async throws -> Int32 {
        world.withLock { $0.shells.append("\(machine.name): \(command)") }
        return 7
    }
    func channel(to machine: Machine, files: PrefixFiles) throws -> any GuestChannel {
        throw EnvironmentError(.hostFailure, "there is nobody in \(machine.name)")
    }
    func attach(_ domain: String, owner: PrefixID, hint: @escaping @Sendable (String) -> Void) async throws {
        world.withLock { $0.consoles.append(domain) }
    }

    // MARK: what tests ask
    /// Everything of ours that is on the host: nothing, once an environment is gone.
    func leftovers() throws -> [String] {
        let (domains, networks, filters) = world.withLock { (Array($0.domains.keys), Array($0.networks.keys), $0.filters.map(\.name)) }
        let leaseFiles = try Directories.list(leases.directory).filter { $0.hasSuffix(".lease") }
        let images = try Directories.list(stateRoot.images)
        let entries = try Directories.list(stateRoot.prefixes)
        return domains + networks + filters + leaseFiles + images.map { "images/\($0)" } + entries
    }

    /// A workdir below the workspace, and an init file in front of it.
    func request(_ text: String = FakeHost.twoMachines) throws -> InitRequest {
        let file = try workspace.write("atoll.yaml", text)
        return InitRequest(file: file, workdir: workspace.path + "/w")
    }

    static let twoMachines = """
        domains:
          a: {memory: 128, nics: [{net: m}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
          b: {memory: 128, nics: [{net: m}, {net: i}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
        nets:
          m: {type: nat, management: true}
          i: {type: isolated, egress: off}
        """
}
