import AtollHostPorts
import AtollCommands
import AtollClaims
import AtollEnvironments
import AtollInitFile
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollSettings
import AtollTaskRuns

/// One run of one verb: its settings in force, its streams, and the way to the host.
struct Session: Sendable {
    let verb: String
    let runtime: Runtime
    let settings: Settings
    let console: Console
    let format: OutputFormat
    private(set) var options: HostOptions
    /// What settings say for VMs whose init file says nothing.
    let specDefaults: SpecDefaults
    let interruption: Interruption
    let activity = Activity()
    /// How signals end task runs.
    let taskStop: Overlord.Stop
    private let global: Flags

    /// The values of the global flags that later code asks for.
    private struct Flags: Sendable {
        var prefixPath: String?
        var workdirPath: String?
        var prefixName: String
        var jobs: Int
        var quietWarnings: Bool
        var quiet: Bool
        var showsSteps: Bool
        var showsStarts: Bool
    }

    init(verb: String, global: GlobalOptions, runtime: Runtime) throws {
        self.verb = verb
        self.runtime = runtime
        let (settings, warnings) = Settings.load(environment: runtime.environment)
        self.settings = settings
        console = Console()
        func value(_ flag: String?, _ key: String) -> String? { flag ?? settings.value(key: key) }
        format = try OutputFormat(named: value(global.outFormat, "out_format") ?? "default")
        var options = HostOptions()
        options.libvirtURL = value(global.libvirtURL, "libvirt_url") ?? options.libvirtURL
        options.libvirtUser = value(global.libvirtUser, "libvirt_user") ?? value(nil, "libvirt_username")
        options.libvirtPassword = value(global.libvirtPassword, "libvirt_password")
        // Absolute, because the prefix remembers it and destroy may run elsewhere.
        options.leaseDirectory = Directories.absolute(
            value(global.leaseDir, "lease_dir") ?? options.leaseDirectory, relativeTo: runtime.workingDirectory)
        options.accelerator = value(global.accel, "accel") ?? options.accelerator
        guard ["auto", "kvm", "tcg"].contains(options.accelerator) else {
            throw UsageError("unknown accelerator \"\(options.accelerator)\"; there are: auto, kvm, tcg")
        }
        options.sshUser = value(global.sshUser, "ssh_user") ?? options.sshUser
        options.sshPassword = value(global.sshPassword, "ssh_password")
        options.sshTimeout =
            try global.sshTimeout?.value ?? value(nil, "ssh_timeout").map { try Positive($0, for: "ssh_timeout").value }
            ?? options.sshTimeout
        self.options = options
        var defaults = SpecDefaults()
        defaults.sshUser = options.sshUser
        defaults.sshPassword = options.sshPassword
        defaults.rootPassword = value(global.defaultRootPassword, "default_root_password") ?? value(nil, "root_password")
        defaults.vmType = value(global.defaultVMType, "default_vm_type") ?? defaults.vmType
        defaults.vmProvider = value(global.defaultVMProvider, "default_vm_provider") ?? defaults.vmProvider
        guard ["local-libvirt", "ssh"].contains(defaults.vmProvider) else {
            throw UsageError("unknown default_vm_provider \"\(defaults.vmProvider)\"; there are: local-libvirt, ssh")
        }
        specDefaults = defaults
        interruption = Interruption()
        taskStop = Overlord.Stop(gently: interruption)
        if !global.ignoreWarnings { for warning in warnings { console.err("\(warning)") } }
        let level = value(global.loglevel, "loglevel") ?? "info"
        guard ["debug", "info", "warning", "error"].contains(level) else {
            throw UsageError("unknown loglevel \"\(level)\"; there are: debug, info, warning, error")
        }
        let jobs = try global.jobs?.value ?? value(nil, "jobs").map { try Positive($0, for: "jobs").value }
        self.global = Flags(
            prefixPath: value(global.prefixPath, "prefix_path"), workdirPath: value(global.workdirPath, "workdir_path"),
            prefixName: value(global.prefixName, "prefix_name") ?? "current", jobs: jobs ?? 4,
            quietWarnings: global.ignoreWarnings || level == "error", quiet: level == "error" || level == "warning",
            showsSteps: try (global.logdepth ?? settings.integer(key: "logdepth")) != 0, showsStarts: level == "debug")
    }

    /// The same session with other ways to the host.
    func with(_ options: HostOptions) -> Session {
        var session = self
        session.options = options
        return session
    }

    var locator: Locator {
        Locator(
            prefixPath: global.prefixPath, workdirPath: global.workdirPath, prefixName: global.prefixName,
            workingDirectory: runtime.workingDirectory,
            isRegistered: { [environment = runtime.environment] path in
                (try? PrefixRegistry(StateRoot(environment: environment)).find(path: path)) != nil
            })
    }

    /// A command to type next, which finds the same prefix.
    func command(_ verb: String) -> String {
        var words = ["atoll"]
        if let path = global.prefixPath { words += ["--prefix-path", path] }
        if let path = global.workdirPath { words += ["--workdir-path", path] }
        if global.prefixName != "current" { words += ["--prefix-name", global.prefixName] }
        return ShellWord.joined(words) + " " + verb
    }

    /// `current` means `default` to `init`.
    var nameForInit: String { global.prefixName == "current" ? "default" : global.prefixName }

    /// The same session with these flags' template repository and store in force, else the ones of the settings.
    func withTemplates(repoPath: String?, repoName: String? = nil, repos: String? = nil, store: String?) -> Session {
        func setting(_ key: String) -> String? { settings.value(section: "init", key: key).flatMap { $0.isEmpty ? nil : $0 } }
        func named(_ name: String) -> String { "name:\(name)" }
        var host = options
        // Absolute, because disks remember what they are layered on.
        host.templateStore = (store ?? setting("template_store")).map(absolute)
        host.templateRepositories = (repos ?? setting("template_repos")).map(absolute)
        host.templateRepository =
            repoPath ?? repoName.map(named) ?? setting("template_repo_path") ?? setting("template_repo_name").map(named)
        return with(host)
    }

    func host() throws -> Host { try runtime.makeHost(options) }

    func absolute(_ path: String) -> String { Directories.absolute(path, relativeTo: runtime.workingDirectory) }

    /// The context a use case runs in: progress goes to standard error as a tree or lines, or to standard output as JSON events.
    func context(logs files: PrefixFiles? = nil) throws -> VerbContext {
        let view = ProgressView(
            console: console, style: format == .json ? .json : console.isInteractive ? .live : .plain,
            showsSteps: global.showsSteps, showsStarts: global.showsStarts)
        let quiet = global.quiet && format != .json
        let quietWarnings = global.quietWarnings
        let log = files.map(VerbLog.init)
        let activity = activity
        return VerbContext(
            verb: verb, jobs: global.jobs, interruption: interruption,
            failpoints: try runtime.environment["ATOLL_FAILPOINTS"].map(Failpoints.init(parsing:)) ?? .off,
            events: { event in
                if case .planStarted = event { activity.began() }
                if case .planFinished = event { activity.ended() }
                log?.record(event)
                if !quiet { view.show(event) }
            },
            note: { text in if !quietWarnings { view.note(text) } })
    }
}
