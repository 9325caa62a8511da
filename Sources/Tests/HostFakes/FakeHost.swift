package import AtollHostPorts
package import AtollClaims
package import AtollDomainPlan
package import AtollEnvironments
package import AtollModel
package import AtollPlatform
package import AtollTestSupport
package import AtollVirtXML
package import Synchronization

/// Host in memory that implements every port. Disks are small real files in its workspace. It outlives a verb that "crashed".
package final class FakeHost: Sendable {
    /// State of the host. Tests set up and inspect it through `world`.
    package struct World: Sendable {
        /// Thrown by every method that queries libvirt, if set: the daemon is down.
        package var outage: EnvironmentError?
        /// Thrown by every method that creates or boots something, if set.
        package var refusal: EnvironmentError?

        package var capabilities = FakeHost.defaultCapabilities
        package var domainCapabilities = DomainCapabilities(firmwares: ["bios"])
        package var cpuModels = CPUModels(vendors: [:])

        package var domains: [String: ObservedDomain] = [:]
        /// Definitions of the domains that were started, by name.
        package var definitions: [String: DomainDefinition] = [:]
        /// Names of VMs whose QEMU fails.
        package var broken: Set<String> = []
        /// Number of times `stop` ended a domain, by name.
        package var stops: [String: Int] = [:]
        /// Saved domains, by path.
        package var saved: [String: Saved] = [:]
        package var monitorCommands: [MonitorCommand] = []
        /// Commands that ran over ssh, as `VM: COMMAND`.
        package var shells: [String] = []
        /// Domains whose serial consoles were attached.
        package var consoles: [String] = []

        package var networks: [String: ObservedNetwork] = [:]
        /// Definitions of the networks that were started, by name.
        package var networkDefinitions: [String: NetworkDefinition] = [:]
        package var filters: Set<ObservedFilter> = []
        package var filterDefinitions: [String: FilterDefinition] = [:]
        /// Bridge devices that no libvirt network uses.
        package var bridges: Set<String> = []
        /// Whether the user may delete those.
        package var mayRemoveBridges = true
        package var bridgeFiltering = BridgePlan.Filtering(ipv4: true, ipv6: true)
        package var hostAddresses = [IPv4Address(127, 0, 0, 1)]
        /// Addresses by host name.
        package var resolver = ["localhost": [IPv4Address(127, 0, 0, 1)]]
        package var routes: [HostRoute] = []

        /// Templates in the store.
        package var stored: Set<String> = ["tiny"]
        /// VMs of each sysprep run.
        package var sysprepRuns: [[String]] = []
    }

    /// Domain in a file that `save` wrote.
    package struct Saved: Sendable {
        var domain: ObservedDomain
        var definition: DomainDefinition?
    }

    package let world = Mutex(World())
    package let workspace: Workspace

    package init() throws { workspace = try Workspace("fakehost") }

    package var stateRoot: StateRoot { StateRoot(path: workspace.path + "/state") }
    package var leases: LeaseStore { LeaseStore(directory: workspace.path + "/leases") }

    /// The host as the use cases see it.
    package func host() throws -> AtollEnvironments.Host {
        try Directories.make(leases.directory)
        try stateRoot.prepare()
        return AtollEnvironments.Host(
            hardware: self, domains: self, domainFiles: self, networks: self, filters: self, interfaces: self, disks: self,
            templates: self, preparer: self, guests: self, consoles: self, stateRoot: stateRoot, registry: PrefixRegistry(stateRoot),
            leases: leases, accelerator: AcceleratorChoice(.tcg, reason: "a test"),
            routes: { [self] in world.withLock { $0.routes } })
    }

    /// An x86_64 host without hardware virtualization.
    package static let defaultCapabilities = HostCapabilities(
        arch: "x86_64", cpu: HostCapabilities.CPU(model: nil, vendor: nil, features: []),
        guests: [
            HostCapabilities.Guest(
                arch: "x86_64", emulators: ["qemu": "/usr/bin/qemu-system-x86_64"], machines: ["pc", "q35", "pc-q35-7.2"])
        ])

    /// Names of all domains, networks, filters, leases, image directories and registry entries: empty after a complete cleanup.
    package func leftovers() throws -> [String] {
        let (domains, networks, filters) = world.withLock { (Array($0.domains.keys), Array($0.networks.keys), $0.filters.map(\.name)) }
        let leaseFiles = try Directories.list(leases.directory).filter { $0.hasSuffix(".lease") }
        let images = try Directories.list(stateRoot.images)
        let entries = try Directories.list(stateRoot.prefixes)
        return domains + networks + filters + leaseFiles + images.map { "images/\($0)" } + entries
    }

    /// Reads or changes the state on behalf of libvirt. - Throws: `outage`, if set.
    func libvirt<T: Sendable>(_ body: (inout sending World) throws -> sending T) throws -> T {
        try world.withLock { world in
            if let outage = world.outage { throw outage }
            return try body(&world)
        }
    }

    func checkCreation() throws { if let refusal = world.withLock({ $0.refusal }) { throw refusal } }
}
