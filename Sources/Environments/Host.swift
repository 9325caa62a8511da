public import AtollClaims
public import AtollModel
public import AtollPlanning
public import AtollPlatform

/// Ports and stores that the use cases work on; the composition root assembles them.
public struct Host: Sendable {
    public var hardware: any HostHardware
    public var domains: any DomainLifecycle
    public var domainFiles: any DomainFiles
    public var networks: any Networks
    public var filters: any NetworkFilters
    public var interfaces: any HostInterfaces
    public var disks: any DiskTool
    public var templates: any TemplateSource
    public var preparer: any GuestPreparer
    public var guests: any GuestConnector
    public var consoles: any ConsoleHost
    public var stateRoot: StateRoot
    public var registry: PrefixRegistry
    public var leases: LeaseStore
    public var accelerator: AcceleratorChoice
    /// IPv4 routes of the host, but for the default ones.
    public var routes: @Sendable () -> [HostRoute]

    public init(
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
public struct VerbContext: Sendable {
    /// `start`, as the journal and the lock show it.
    public var verb: String
    /// Steps at once.
    public var jobs: Int
    /// How long to wait for another verb on the same prefix.
    public var lockPatience: Duration
    public var interruption: Interruption
    public var failpoints: Failpoints
    public var events: @Sendable (PlanEvent) -> Void
    /// A line for people: warnings, "waiting for pid 12 (start)".
    public var note: @Sendable (String) -> Void

    public init(
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
    public func run(_ plan: Plan, journal: Journal?) async throws {
        try await PlanRunner(journal: journal, failpoints: failpoints, jobs: jobs, interruption: interruption, events: events).run(plan)
    }
}
