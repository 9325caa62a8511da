package import AtollModel

/// A domain as it is on the host right now.
package struct ObservedDomain: Sendable, Equatable {
    package var name: String
    package var state: MachineState
    /// The prefix that our mark on it names; nil when it carries no mark.
    package var owner: PrefixID?
    /// The accelerator it runs with, when known.
    package var accelerator: Accelerator?
    /// Why what libvirt shows of it cannot be read; nil when it can.
    package var unreadable: String?

    package init(
        name: String, state: MachineState, owner: PrefixID?, accelerator: Accelerator? = nil, unreadable: String? = nil
    ) {
        self.name = name
        self.state = state
        self.owner = owner
        self.accelerator = accelerator
        self.unreadable = unreadable
    }

    /// What people are told of one that cannot be read and shows no mark; nil for all others.
    package var warning: String? {
        guard owner == nil, let unreadable else { return nil }
        return "warning: what libvirt shows of its domain \(name) cannot be read (\(unreadable)), so it is taken for somebody else's"
    }
}

/// A libvirt network as it is on the host right now.
package struct ObservedNetwork: Sendable, Equatable {
    package var name: String
    package var isActive: Bool
    package var owner: PrefixID?
    /// IPv4 subnets it serves.
    package var subnets: [IPv4Subnet]
    /// Why what libvirt shows of it cannot be read; then its subnets are not known. nil when it can.
    package var unreadable: String?

    package init(name: String, isActive: Bool, owner: PrefixID?, subnets: [IPv4Subnet] = [], unreadable: String? = nil) {
        self.name = name
        self.isActive = isActive
        self.owner = owner
        self.subnets = subnets
        self.unreadable = unreadable
    }

    /// What people are told of one that cannot be read and shows no mark; nil for all others.
    package var warning: String? {
        guard owner == nil, let unreadable else { return nil }
        return "warning: what libvirt shows of its network \(name) cannot be read (\(unreadable)), so it is taken for somebody else's, "
            + "and its subnets are not known"
    }
}

/// A network filter of ours as it is on the host right now.
package struct ObservedFilter: Sendable, Hashable {
    package var name: String
    package var owner: PrefixID

    package init(name: String, owner: PrefixID) {
        self.name = name
        self.owner = owner
    }
}

/// What VMs can be made of on this host.
package struct HardwareOffer: Sendable, Equatable {
    /// Machine types by architecture.
    package var machines: [String: Set<String>]
    /// Models that `cpu_model` can name; nil where libvirt's list is not to be had.
    package var cpuModels: Set<String>?

    package init(machines: [String: Set<String>], cpuModels: Set<String>?) {
        self.machines = machines
        self.cpuModels = cpuModels
    }
}

/// Runs domains. The live one is libvirt.
package protocol Hypervisor: Sendable {
    /// Every domain of the host, ours or not.
    func domains() async throws -> [ObservedDomain]
    /// The domain of that name, or nil.
    func domain(named name: String) async throws -> ObservedDomain?
    /// What domains can be made of here.
    func hardware() async throws -> HardwareOffer
    /// Starts a transient domain for the machine, marked as the environment's.
    func start(_ machine: Machine, of environment: Environment, files: PrefixFiles, accelerator: Accelerator) async throws
    /// Powers a domain off at once. Does nothing when it is gone; refuses one that does not carry `owner`'s mark.
    func stop(named name: String, owner: PrefixID) async throws
}

/// Runs virtual networks. The live one is libvirt.
package protocol NetworkHost: Sendable {
    func networks() async throws -> [ObservedNetwork]
    func network(named name: String) async throws -> ObservedNetwork?
    func start(_ network: Network, of environment: Environment) async throws
    /// Takes a network down. Does nothing when it is gone; refuses one that does not carry `owner`'s mark.
    func stop(named name: String, owner: PrefixID) async throws
    /// Bridge devices that are called as ours are and belong to no network: a libvirt daemon that was killed leaves them.
    func strayBridges() async throws -> Set<String>
    /// Removes one of those. Refuses, with the command that does it, where this user may not.
    func removeStrayBridge(named name: String) async throws
    /// Every filter of ours on the host.
    func filters() async throws -> [ObservedFilter]
    /// Makes the filter that holds the network's guests back, or gives it today's rules. Before the network, which answers names by it.
    func makeFilter(for network: Network, of environment: Environment) async throws
    /// Removes a filter. Does nothing when it is gone; refuses one whose name is not `owner`'s.
    func removeFilter(named name: String, owner: PrefixID) async throws
}

/// Makes disk images.
package protocol DiskTool: Sendable {
    /// Whether the file exists, whole.
    func exists(_ path: String) async throws -> Bool
    /// Makes `disk.path`: an overlay on its first layer, or what `recipe` says when it has none.
    func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws
    func remove(_ path: String) async throws
    /// Makes sure that every template under a machine's disks is the one that was verified: a look, and a whole rehash of what moved.
    /// `progress` says so then. Throws when one is not the same any more.
    func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void) async throws
    /// Runs virt-customize with these options on one disk.
    func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws
}

/// A template that is in the store, verified and bound.
package struct StoredImage: Sendable, Equatable {
    /// `repo:template:version`.
    package var name: String
    package var path: String
    package var format: DiskSpec.Format
    package var metadata: [String: Value]
    /// What its user should know: the repository has another image by now, ….
    package var notes: [String]

    package init(name: String, path: String, format: DiskSpec.Format = .raw, metadata: [String: Value] = [:], notes: [String] = []) {
        self.notes = notes
        self.name = name
        self.path = path
        self.format = format
        self.metadata = metadata
    }
}

/// Finds templates, fetching or building them when the store lacks them.
package protocol TemplateSource: Sendable {
    /// The store's image for a template; nil when it would have to be fetched or built first.
    func stored(template: String, version: String?) async throws -> StoredImage?
    /// Why it could not be had, as a sentence; nil when it is in the store or the repository offers it.
    func problem(template: String, version: String?) async -> String?
    /// Brings it into the store. `note` says what is being done.
    func fetch(
        template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws -> StoredImage
}

/// One guest to be given its identity.
package struct GuestPreparation: Sendable {
    package var machine: Machine
    package var environment: Environment
    package var files: PrefixFiles
    /// For the fields of its init file that expand them.
    package var variables: [String: String]

    package init(machine: Machine, environment: Environment, files: PrefixFiles, variables: [String: String]) {
        self.machine = machine
        self.environment = environment
        self.files = files
        self.variables = variables
    }
}

/// Gives guests their identity before they boot.
package protocol GuestPreparer: Sendable {
    /// Makes the keys and numbers of one guest and saves them in the prefix.
    func makeIdentity(_ guest: GuestPreparation) async throws
    /// Writes the prefix's known_hosts from the identities it holds.
    func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws
    /// Writes the NoCloud seed volume of one guest.
    func writeSeed(_ guest: GuestPreparation) async throws
    /// Edits the disks of all these guests offline, in one go.
    func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws
}
