public import AtollDoctor
public import AtollEnvironments
import AtollModel
public import AtollTemplates
import ArgumentParser
import AtollClaims
import AtollPlatform

/// What every way of reaching the host needs to know; flags and settings decide it, rooms receive it as values.
public struct HostOptions: Sendable {
    public var libvirtURL = "qemu:///system"
    public var libvirtUser: String?
    public var libvirtPassword: String?
    public var leaseDirectory = "/var/lib/lago/subnets"
    /// `auto`, `kvm` or `tcg`.
    public var accelerator = "auto"
    public var sshUser = "root"
    public var sshPassword: String?
    /// Seconds for one attempt.
    public var sshTimeout = 10
    /// nil: the shipped repository.
    public var templateRepository: String?
    public var templateStore: String?
    /// Repositories looked up by name.
    public var templateRepositories: String?

    public init() {}
}

/// What the composition root hands to the verbs.
public struct Runtime: Sendable {
    /// The process environment.
    public var environment: [String: String]
    public var workingDirectory: String
    /// The command line as it was typed, without the program's name.
    var arguments: [String] = []
    /// The run that the one to come repeats.
    var repeats: String?
    /// What the run to come shares with others that are started together with it, where another verb than its own starts them.
    var invocation: String?
    /// Connects to the host; the connection itself is made on first use.
    public var makeHost: @Sendable (HostOptions) throws -> Host
    public var makeCatalog: @Sendable (HostOptions) throws -> TemplateCatalog
    /// Directory of the shipped templates, recipes and examples.
    public var share: @Sendable () throws -> String
    public var examine: @Sendable (HostOptions) async -> [Finding]

    public init(
        environment: [String: String], workingDirectory: String, makeHost: @escaping @Sendable (HostOptions) throws -> Host,
        makeCatalog: @escaping @Sendable (HostOptions) throws -> TemplateCatalog, share: @escaping @Sendable () throws -> String,
        examine: @escaping @Sendable (HostOptions) async -> [Finding]
    ) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.makeHost = makeHost
        self.makeCatalog = makeCatalog
        self.share = share
        self.examine = examine
    }

    /// The runtime of the command line being run.
    @TaskLocal static var current: Runtime?
}
