package import AtollHostPorts
package import AtollClaims
package import AtollModel
package import AtollPlanning
package import AtollPlatform

/// Ports and stores that the use cases work on; the composition root assembles them.
package struct Host: Sendable {
    package var hardware: any HostHardware
    package var domains: any DomainLifecycle
    package var domainFiles: any DomainFiles
    package var networks: any Networks
    package var filters: any NetworkFilters
    package var interfaces: any HostInterfaces
    package var disks: any DiskTool
    package var templates: any TemplateSource
    package var preparer: any GuestPreparer
    package var guests: any GuestConnector
    package var consoles: any ConsoleHost
    package var stateRoot: StateRoot
    package var registry: PrefixRegistry
    package var leases: LeaseStore
    package var accelerator: AcceleratorChoice
    /// IPv4 routes of the host, but for the default ones.
    package var routes: @Sendable () -> [HostRoute]

    package init(
        hardware: any HostHardware, domains: any DomainLifecycle, domainFiles: any DomainFiles, networks: any Networks,
        filters: any NetworkFilters, interfaces: any HostInterfaces, disks: any DiskTool, templates: any TemplateSource,
        preparer: any GuestPreparer, guests: any GuestConnector,
        consoles: any ConsoleHost, stateRoot: StateRoot, registry: PrefixRegistry, leases: LeaseStore,
        accelerator: AcceleratorChoice, routes: @escaping @Sendable () -> [HostRoute]
    ) {
        self.hardware = hardware
        self.domains = domains
        self.domainFiles = domainFiles
        self.networks = networks
        self.filters = filters
        self.interfaces = interfaces
        self.disks = disks
        self.templates = templates
        self.preparer = preparer
        self.guests = guests
        self.consoles = consoles
        self.stateRoot = stateRoot
        self.registry = registry
        self.leases = leases
        self.accelerator = accelerator
        self.routes = routes
    }
}

/// How one verb is run: what every use case is given beside its request.
package struct VerbContext: Sendable {
    /// `start`, as the journal and the lock show it.
    package var verb: String
    /// Steps at once.
    package var jobs: Int
    /// How long to wait for another verb on the same prefix.
    package var lockPatience: Duration
    package var interruption: Interruption
    package var failpoints: Failpoints
    package var events: @Sendable (PlanEvent) -> Void
    /// A line for people: warnings, "waiting for pid 12 (start)".
    package var note: @Sendable (String) -> Void

    package init(
        verb: String, jobs: Int = 4, lockPatience: Duration = .seconds(60), interruption: Interruption = Interruption(),
        failpoints: Failpoints = .off, events: @escaping @Sendable (PlanEvent) -> Void = { _ in },
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.verb = verb
        self.jobs = jobs
        self.lockPatience = lockPatience
        self.interruption = interruption
        self.failpoints = failpoints
        self.events = events
        self.note = note
    }

    /// Runs a plan with everything this context says.
    package func run(_ plan: Plan, journal: Journal?) async throws {
        try await PlanRunner(journal: journal, failpoints: failpoints, jobs: jobs, interruption: interruption, events: events).run(plan)
    }
}
