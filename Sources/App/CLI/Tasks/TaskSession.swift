import AtollSettings
import AtollDirectives
import AtollInstances
import AtollEnvironments
import AtollFormula
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollResults
import AtollTaskRuns
import Foundation
import Glibc

/// What every verb about task runs needs beside the session: the task settings in force and where runs are kept.
struct TaskSession: Sendable {
    let session: Session
    let settings: TaskSettings
    /// Of the settings; shown already.
    private let warnings: [String]
    /// That there is no file of settings: most people never make one, and need not hear of it at every run.
    private let absence: String?

    /// - Parameter isLenient: for verbs that only need to know where things are: what is wrong with the settings is a warning.
    init(_ session: Session, isLenient: Bool = false) throws {
        self.session = session
        let runtime = session.runtime
        let loaded = try Self.load(runtime.environment, share: try? runtime.share(), isLenient: isLenient)
        settings = loaded.settings
        warnings = loaded.warnings.map(\.description)
        absence = loaded.absence?.message
        // The verb that repeats runs has shown them.
        if runtime.repeats == nil { for warning in warnings { session.console.err(warning) } }
    }

    /// For verbs that run tasks: what is wrong with the settings has an exit code of its own.
    static func forRuns(_ session: Session) throws -> TaskSession {
        do { return try TaskSession(session) } catch let problems as InvalidInput { throw ConfigurationFailure(problems) }
    }

    static func load(_ environment: [String: String], share: String?, isLenient: Bool) throws(InvalidInput) -> TaskSettings.Loaded {
        try TaskSettings.load(
            environment: environment, user: user(environment), sourceDirectory: checkout(share), isLenient: isLenient)
    }

    /// The checkout of the source that this is run from, whose `conf/` comes first; an installed product has none.
    private static func checkout(_ share: String?) -> String? {
        share.flatMap { $0.hasPrefix("/") && SystemCall.exists($0 + "/Package.swift") ? $0 : nil }
    }

    /// Each of them once, however many runs it is about.
    func show(warnings: [String]) {
        var shown: Set<String> = []
        for warning in warnings where shown.insert(warning).inserted { session.console.err("warning: \(warning)") }
    }

    /// Who may report under which names, in the production profile; nil where that is not asked. A word about a file that is missing.
    func namespaces() throws -> (rules: Namespaces?, absence: String?) {
        guard settings.profile == .production else { return (nil, nil) }
        let (name, source) = ("namespaces.yaml", Self.checkout(try? session.runtime.share()))
        do {
            if let found = try TaskSettings.find(name, user: settings.user, sourceDirectory: source) {
                return (try Namespaces(parsing: found.text, name: found.path), nil)
            }
        } catch let error as InvalidInput { throw ConfigurationFailure(error) } catch let error as ResultsError {
            throw ConfigurationFailure("\(error)")
        }
        let places = TaskSettings.folders(user: settings.user, sourceDirectory: source).joined(separator: ", ")
        let rules = Namespaces()
        return (rules, "\(name) is not in \(places): results may be reported in the namespace \(rules.safe.joined(separator: ", ")) alone")
    }

    static func user(_ environment: [String: String]) -> TaskUser {
        let isRoot = geteuid() == 0
        return TaskUser(name: Accounts.userName(geteuid()), isRoot: isRoot, environment: environment)
    }

    /// The images that VMs can be made from.
    func images() throws -> TaskImages {
        let session = session.withTemplates(repoPath: nil, store: nil)
        return TaskImages(directory: settings.imagesdir, catalog: try session.runtime.makeCatalog(session.options))
    }

    /// This process's environment as tasks and external directives get it: our own secrets are none of theirs.
    var taskEnvironment: [String: String] {
        settings.withoutSecrets(session.runtime.environment)
    }

    /// Where a run is seen from outside: its artifacts where that is so or was said, its CI job where it has one.
    func links(run: String, jobid: String = CIJob.unsaid) -> RunLinks {
        var links = RunLinks()
        if settings.profile == .production || settings.source(of: "artifacts_baseurl") != .builtIn {
            links.artifacts = URLCredentials.removed(from: settings.artifactsBaseurl) + "/" + run
        }
        let master = URLCredentials.removed(from: settings.taskotronMaster)
        if let job = CIJob(jobid) {
            links.job = job.url(master: master)
            links.log = job.logURL(master: master, step: settings.buildbotTaskStep)
        } else if jobid != CIJob.unsaid {
            links.job = master
        }
        return links
    }

    var store: RunStore { RunStore(directory: settings.artifactsdir) }

    /// Whether something of a run is on this host beside its artifacts: its VM, or the directory of one that ran here.
    func hasRemains(_ run: String) -> Bool {
        KeptMachine.isOnHost(run, session.stateRoot) || SystemCall.exists(settings.userTmpdir + "/" + run)
    }

    /// Seconds, some 30 years: clocks cannot count much longer times.
    private static let longest = 1_000_000_000

    /// What holds for every run of this command line.
    func policy(_ options: TaskOptions) throws -> Overlord.Policy {
        let keepOn = try options.keepOn.map { text -> KeepOn in
            guard let keepOn = KeepOn(text) else {
                throw UsageError("--keep-on: \"\(text)\" is neither failure, always nor a list of outcomes such as FAILED,CRASHED")
            }
            return keepOn
        }
        func limit(_ flag: Positive?, _ setting: Int) -> Duration? {
            flag.map { .seconds($0.value) } ?? (setting > 0 ? .seconds(min(setting, Self.longest)) : nil)
        }
        let configured = settings.keepOn.joined(separator: ",")
        guard let setting = KeepOn(configured) else {
            throw ConfigurationFailure(
                settings, "keep_on", "\"\(configured)\" is neither failure, always, never nor outcomes such as FAILED,CRASHED")
        }
        return Overlord.Policy(
            keepOn: options.noDestroy ? .always : keepOn ?? setting,
            keepFor: .seconds(options.keepFor?.value ?? min(settings.keepFor, Self.longest)),
            silence: limit(options.silence, settings.inactivityTimeout), timeout: limit(options.timeout, settings.taskTimeout),
            usesLegacyExitCodes: settings.legacyExitCodes, taskDirectory: settings.clientTaskdir,
            excluding: options.exclude)
    }

    /// The log of all runs, where there is one.
    /// - Throws: `ConfigurationFailure`.
    func commonLog() throws -> CommonLog? {
        guard settings.logFileEnabled else { return nil }
        do { return try CommonLog(path: "\(settings.logdir)/taskotron-\(settings.user.name).log") } catch {
            throw ConfigurationFailure("\(error)")
        }
    }

    /// - Parameter warnings: what was shown of this run already; they are the log's first lines.
    func log(
        _ printer: TaskPrinter, isDebug: Bool, secrets: [String], common: (log: CommonLog, run: String)?, warnings: [String]
    ) -> RunLog {
        func level(_ word: String) -> RunLog.Level { RunLog.Level.allCases.first { "\($0)" == word.lowercased() } ?? .info }
        let log = RunLog(
            consoleLevel: isDebug ? .debug : level(settings.logLevelStream), fileLevel: level(settings.logLevelFile), isDetailed: isDebug,
            secrets: settings.secrets + secrets, common: common, console: { printer.log($0) })
        if let absence { log.debug("\(TaskSettings.fileName): \(absence)") }
        for warning in self.warnings + warnings { log.recall(warning: warning) }
        return log
    }

    /// The context in which a run's environment is made: what its plans do goes into the run's log.
    func context(_ log: RunLog, _ stop: Overlord.Stop) throws -> VerbContext {
        let progress = RunProgress(log)
        return VerbContext(
            verb: session.verb, interruption: stop.gently, failpoints: try failpoints(), events: { progress.take($0) },
            note: { log.info($0) })
    }

    func failpoints() throws -> Failpoints {
        try session.runtime.environment["ATOLL_FAILPOINTS"].map(Failpoints.init(parsing:)) ?? .off
    }

    /// This host, for the record.
    func hostFacts(_ host: AtollEnvironments.Host?) -> [String: String] {
        var facts = ["processors": "\(Capacity.current()?.processors ?? 0)"]
        if let host { facts["accelerator"] = "\(host.accelerator.accelerator.rawValue): \(host.accelerator.reason)" }
        var names = utsname()
        if uname(&names) == 0 {
            facts["kernel"] = withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            facts["arch"] = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return facts
    }
}

/// A configuration that no run can be begun with: exit 1 (spec 6.7), while a command line that makes no sense is 2.
struct ConfigurationFailure: Error, CustomStringConvertible {
    var description: String

    init(_ problems: InvalidInput) { description = problems.description }
    init(_ message: String) { description = "error: \(message)" }

    /// What is wrong with one key.
    init(_ settings: TaskSettings, _ key: String, _ message: String) {
        description = "error: \(settings.source(of: key)): \(key): \(message)"
    }
}
