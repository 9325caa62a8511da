import AtollLibvirtHost
import AtollBootstrap
import AtollCLI
import AtollClaims
import AtollDoctor
import AtollEnvironments
import AtollModel
import AtollPlatform
import AtollTemplates
import Foundation
import Glibc

/// The composition root: the live parts are put together here, and nowhere else.
@main
enum AtollMain {
    static func main() async {
        // Closed standard descriptors would become files of ours, and output would go into them.
        for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        let environment = ProcessInfo.processInfo.environment
        let runtime = Runtime(
            environment: environment, workingDirectory: Directories.working(),
            makeHost: { try host($0, environment) }, makeCatalog: { try catalog($0, environment) },
            share: { try Share.directory(environment) },
            examine: { options in
                await Doctor.examine(
                    Subject(
                        stateRoot: StateRoot(environment: environment), leaseDirectory: options.leaseDirectory,
                        libvirtURI: options.libvirtURL, accelerator: options.accelerator))
            })
        let words = CommandLine.arguments
        exit(await CommandLineTool.run(Array(words.dropFirst()), calledAs: words.first ?? "", runtime: runtime))
    }

    private static func host(_ options: HostOptions, _ environment: [String: String]) throws -> AtollEnvironments.Host {
        let accelerator = accelerator(options)
        let link = LibvirtLink(
            uri: options.libvirtURL, user: options.libvirtUser, password: options.libvirtPassword,
            timeout: .seconds(60) * accelerator.accelerator.deadlineFactor)
        let root = StateRoot(environment: environment)
        return AtollEnvironments.Host(
            hardware: LibvirtHardware(link), domains: LibvirtDomains(link), domainFiles: QEMUFiles(), networks: LibvirtNetworks(link),
            filters: LibvirtFilters(link), interfaces: LinuxInterfaces(),
            disks: ImageDiskTool(variables: environment, store: TemplateStore(root: root, directory: options.templateStore)),
            templates: CatalogTemplateSource { try catalog(options, environment) },
            preparer: IdentityPreparer(
                recipeDirectory: { try Share.directory(environment) + "/templates/bootstrap" }, accelerator: accelerator.accelerator),
            guests: SSHGuestConnector(
                defaults: .init(user: options.sshUser, password: options.sshPassword, attemptSeconds: options.sshTimeout),
                accelerator: accelerator.accelerator),
            consoles: LibvirtConsoleHost(link), stateRoot: root, registry: PrefixRegistry(root),
            leases: LeaseStore(directory: options.leaseDirectory), accelerator: accelerator,
            routes: { Routes.current() })
    }

    private static func accelerator(_ options: HostOptions) -> AcceleratorChoice {
        switch options.accelerator {
        case "kvm": return AcceleratorChoice(.kvm, reason: "asked for")
        case "tcg": return AcceleratorChoice(.tcg, reason: "asked for")
        default:
            let probe = Acceleration.probe()
            return AcceleratorChoice(probe.isUsable ? .kvm : .tcg, reason: probe.reason)
        }
    }

    /// The repository that flags and settings name, over the store they name, with the shipped recipes.
    private static func catalog(_ options: HostOptions, _ environment: [String: String]) throws -> TemplateCatalog {
        let root = StateRoot(environment: environment)
        let share = Result { try Share.directory(environment) }
        var path = options.templateRepository ?? ""
        if path.hasPrefix("name:") {
            path = try RepositoryFolder(options.templateRepositories ?? root.repos).path(named: String(path.dropFirst("name:".count)))
        } else if path.isEmpty {
            path = try share.get() + "/templates/repo.json"
        }
        let builder = (try? share.get()).map {
            ImageBuilder(directory: $0 + "/templates/images", forceTCG: accelerator(options).accelerator == .tcg)
        }
        let forceTCG = { @Sendable in accelerator(options).accelerator == .tcg }
        return TemplateCatalog(
            repository: try Repository.load(path, variables: environment),
            store: TemplateStore(root: root, directory: options.templateStore),
            builder: builder,
            inspector: {
                try await ImageInspection.warnings(
                    path: $0.path, bootstrap: $0.bootstrap, rootPartition: $0.rootPartition, forceTCG: forceTCG())
            })
    }
}
