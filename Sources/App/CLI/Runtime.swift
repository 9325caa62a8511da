package import AtollDoctor
package import AtollEnvironments
import AtollModel
package import AtollTemplates
import ArgumentParser
import AtollClaims

/// What every way of reaching the host needs to know; flags and settings decide it, rooms receive it as values.
package struct HostOptions: Sendable {
    package var libvirtURL = "qemu:///system"
    package var libvirtUser: String?
    package var libvirtPassword: String?
    package var leaseDirectory = "/var/lib/lago/subnets"
    /// `auto`, `kvm` or `tcg`.
    package var accelerator = "auto"
    package var sshUser = "root"
    package var sshPassword: String?
    /// Seconds for one attempt.
    package var sshTimeout = 10
    /// nil: the shipped repository.
    package var templateRepository: String?
    package var templateStore: String?
    /// Repositories looked up by name.
    package var templateRepositories: String?

    package init() {}
}

/// What the composition root hands to the verbs.
package struct Runtime: Sendable {
    /// The process environment.
    package var environment: [String: String]
    package var workingDirectory: String
    /// The command line as it was typed, without the program's name.
    var arguments: [String] = []
    /// The run that the one to come repeats.
    var repeats: String?
    /// What the run to come shares with others that are started together with it, where another verb than its own starts them.
    var invocation: String?
    /// Connects to the host; the connection itself is made on first use.
    package var makeHost: @Sendable (HostOptions) throws -> Host
    package var makeCatalog: @Sendable (HostOptions) throws -> TemplateCatalog
    /// Directory of the shipped templates, recipes and examples.
    package var share: @Sendable () throws -> String
    package var examine: @Sendable (HostOptions) async -> [Finding]

    package init(
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
