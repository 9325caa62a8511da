import AtollHostPorts
import AtollClaims
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlatform
import AtollTestSupport

/// A host with nothing on it, where nothing can be made: for what happens beside the VMs.
final class AbsentHost: Hypervisor, NetworkHost, DiskTool, TemplateSource, GuestPreparer, GuestConnector, ConsoleHost, Sendable {
    let workspace: Workspace

    init() throws { workspace = try Workspace("absenthost") }

    var stateRoot: StateRoot { StateRoot(path: workspace.path + "/state") }

    func host() throws -> AtollEnvironments.Host {
        try stateRoot.prepare()
        return AtollEnvironments.Host(
            hypervisor: self, networks: self, disks: self, templates: self, preparer: self, guests: self, consoles: self,
            stateRoot: stateRoot, registry: PrefixRegistry(stateRoot), leases: LeaseStore(directory: workspace.path + "/leases"),
            accelerator: AcceleratorChoice(.tcg, reason: "a test"), routes: { [] })
    }

    private func nothing() -> EnvironmentError { EnvironmentError(.hostFailure, "there is nothing here") }

    func domains() async throws -> [ObservedDomain] { [] }
    func domain(named name: String) async throws -> ObservedDomain? { nil }
    func hardware() async throws -> HardwareOffer { throw nothing() }
    func start(_ machine: Machine, of environment: Environment, files: PrefixFiles, accelerator: Accelerator) async throws {
        throw nothing()
    }
    func stop(named name: String, owner: PrefixID) async throws {}
    func networks() async throws -> [ObservedNetwork] { [] }
    func network(named name: String) async throws -> ObservedNetwork? { nil }
    func start(_ network: Network, of environment: Environment) async throws { throw nothing() }
    func strayBridges() async throws -> Set<String> { [] }
    func removeStrayBridge(named name: String) async throws { throw nothing() }
    func filters() async throws -> [ObservedFilter] { [] }
    func makeFilter(for network: Network, of environment: Environment) async throws {}
    func removeFilter(named name: String, owner: PrefixID) async throws {}
    func exists(_ path: String) async throws -> Bool { SystemCall.exists(path) }
    func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws { throw nothing() }
    func remove(_ path: String) async throws {}
    func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws {}
    func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws {}
    func stored(template: String, version: String?) async throws -> StoredImage? { nil }
    func problem(template: String, version: String?) async -> String? { "there is no template here" }
    func fetch(template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void) async throws -> StoredImage {
        throw nothing()
    }
    func makeIdentity(_ guest: GuestPreparation) async throws {}
    func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws {}
    func writeSeed(_ guest: GuestPreparation) async throws {}
    func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws {}
    func waitUntilReady(
        _ machine: Machine, of environment: Environment, files: PrefixFiles, deadline: Duration, seen: @escaping @Sendable (String) -> Void
    ) async throws -> GuestReady { throw nothing() }
    func shell(_ machine: Machine, of environment: Environment, files: PrefixFiles, command: RemoteCommand) async throws -> Int32 { 1 }
    func channel(to machine: Machine, files: PrefixFiles) throws -> any GuestChannel { throw nothing() }
    func attach(_ domain: String, owner: PrefixID, hint: @escaping @Sendable (String) -> Void) async throws {}
}
