import AtollDisposable
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollSettings
import AtollTasks
import Foundation
import Glibc

/// What every verb about task runs needs beside the session: the task settings in force and where runs are kept.
struct TaskSession: Sendable {
    let session: Session
    let settings: TaskSettings

    /// - Parameter isLenient: for verbs that only need to know where things are: what is wrong with the settings is a warning.
    init(_ session: Session, isLenient: Bool = false) throws {
        self.session = session
        let user = Self.user(session.runtime.environment)
        let loaded = try TaskSettings.load(environment: session.runtime.environment, user: user, isLenient: isLenient)
        for warning in loaded.warnings { session.console.err("\(warning)") }
        settings = loaded.settings
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
        let secrets = settings.secrets
        return session.runtime.environment.filter { !($0.key.hasPrefix("TASKOTRON_") && secrets.contains($0.value)) }
    }

    var store: RunStore { RunStore(directory: settings.artifactsdir) }

    /// Whether something of a run is on this host beside its artifacts: its VM, or the directory of one that ran here.
    func hasRemains(_ run: String) -> Bool {
        KeptMachine.isOnHost(run, session.stateRoot) || SystemCall.exists(settings.userTmpdir + "/" + run)
    }

    /// Seconds, some 30 years: clocks cannot count much longer times.
    private static let longest = 1_000_000_000

    /// What holds for every run of this command line.
    func policy(_ options: TaskOptions, keepsTaskDirectory: Bool = true) throws -> Overlord.Policy {
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
            throw UsageError("keep_on: \"\(configured)\" is neither failure, always, never nor outcomes such as FAILED,CRASHED")
        }
        return Overlord.Policy(
            keepOn: options.noDestroy ? .always : keepOn ?? setting,
            keepFor: .seconds(options.keepFor?.value ?? min(settings.keepFor, Self.longest)),
            silence: limit(options.silence, settings.inactivityTimeout), timeout: limit(options.timeout, settings.taskTimeout),
            usesLegacyExitCodes: settings.legacyExitCodes, taskDirectory: settings.clientTaskdir,
            excluding: options.exclude)
    }

    func log(_ printer: TaskPrinter, isDebug: Bool) -> RunLog {
        func level(_ word: String) -> RunLog.Level { RunLog.Level.allCases.first { "\($0)" == word.lowercased() } ?? .info }
        return RunLog(
            consoleLevel: isDebug ? .debug : level(settings.logLevelStream), fileLevel: level(settings.logLevelFile), isDetailed: isDebug,
            secrets: settings.secrets, console: { printer.log($0) })
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
