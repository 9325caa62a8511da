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
        let (settings, warnings) = Settings.load(environment: runtime.environment, flags: global.flags)
        try settings.checkGlobals()
        self.settings = settings
        console = Console()
        format = try OutputFormat(named: settings.value(.outFormat) ?? "default")
        var options = HostOptions()
        options.libvirtURL = settings.value(.libvirtURL) ?? options.libvirtURL
        options.libvirtUser = settings.value(.libvirtUser)
        options.libvirtPassword = settings.value(.libvirtPassword)
        // Absolute, because the prefix remembers it and destroy may run elsewhere.
        options.leaseDirectory = Directories.absolute(
            settings.value(.leaseDir) ?? options.leaseDirectory, relativeTo: runtime.workingDirectory)
        options.accelerator = settings.value(.accel) ?? options.accelerator
        options.sshUser = settings.value(.sshUser) ?? options.sshUser
        options.sshPassword = settings.value(.sshPassword)
        options.sshTimeout = settings.number(.sshTimeout) ?? options.sshTimeout
        self.options = options
        var defaults = SpecDefaults()
        defaults.sshUser = options.sshUser
        defaults.sshPassword = options.sshPassword
        defaults.rootPassword = settings.value(.defaultRootPassword)
        defaults.vmType = settings.value(.defaultVMType) ?? defaults.vmType
        defaults.vmProvider = settings.value(.defaultVMProvider) ?? defaults.vmProvider
        specDefaults = defaults
        interruption = Interruption()
        taskStop = Overlord.Stop(gently: interruption)
        let ignoresWarnings = settings.isOn(.ignoreWarnings)
        if !ignoresWarnings { for warning in warnings { console.err("\(warning)") } }
        let level = settings.value(.loglevel) ?? "info"
        self.global = Flags(
            prefixPath: settings.value(.prefixPath), workdirPath: settings.value(.workdirPath),
            prefixName: settings.value(.prefixName) ?? "current", jobs: settings.number(.jobs) ?? 4,
            quietWarnings: ignoresWarnings || level == "error", quiet: level == "error" || level == "warning",
            showsSteps: settings.number(.logdepth) != 0, showsStarts: level == "debug")
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
