package import AtollDirectives
package import AtollArchive
package import AtollInstances
import AtollModel
package import AtollPlanning
import AtollPlatform
package import AtollResults
import Foundation

/// Runs one task from its first line in the log to its last: makes the machine, brings the task there, lets it work, fetches what it
/// left, takes the machine away, and writes down what became of it. Whatever breaks in between, the later stages still happen.
package struct Overlord: Sendable {
    /// What holds for every run of one invocation.
    package struct Policy: Sendable {
        /// Keep the machine when the run ends so; `nil` in the set's place is "never". `failure` is everything but PASSED and INFO.
        package var keepOn: KeepOn
        package var keepFor: Duration
        /// How long a task may write nothing; nil is for ever.
        package var silence: Duration?
        /// How long the task may work in all; nil is for ever.
        package var timeout: Duration?
        package var usesLegacyExitCodes: Bool
        /// How much of a task's artifacts is fetched.
        package var limits: TarLimits
        /// Where the task's directory goes in machines other than this one.
        package var taskDirectory: String
        /// Patterns of what of the task's directory is not copied there, as `CopySource` takes them.
        package var excluding: [String]

        package init(
            keepOn: KeepOn = .never, keepFor: Duration = .seconds(7200), silence: Duration? = .seconds(900), timeout: Duration? = nil,
            usesLegacyExitCodes: Bool = false, limits: TarLimits = TarLimits(), taskDirectory: String = "/var/tmp/taskotron/taskdir",
            excluding: [String] = []
        ) {
            self.keepOn = keepOn
            self.keepFor = keepFor
            self.silence = silence
            self.timeout = timeout
            self.usesLegacyExitCodes = usesLegacyExitCodes
            self.limits = limits
            self.taskDirectory = taskDirectory
            self.excluding = excluding
        }
    }

    /// The signals that ask a run to end.
    package struct Stop: Sendable {
        /// End the task, fetch what there is, take the machine away.
        package var gently: Interruption
        /// Do not fetch either.
        package var atOnce: Interruption

        package init(gently: Interruption = Interruption(), atOnce: Interruption = Interruption()) {
            self.gently = gently
            self.atOnce = atOnce
        }
    }

    let policy: Policy
    let log: RunLog
    let stop: Stop
    let failpoints: Failpoints
    let console: @Sendable (CommandStreamLabel, [UInt8]) -> Void

    package init(
        policy: Policy, log: RunLog, stop: Stop = Stop(), failpoints: Failpoints = .off,
        console: @escaping @Sendable (CommandStreamLabel, [UInt8]) -> Void
    ) {
        self.policy = policy
        self.log = log
        self.stop = stop
        self.failpoints = failpoints
        self.console = console
    }

    /// - Parameters:
    ///   - record: the run as it was asked for; what becomes of it is filled in.
    ///   - files: where it goes; the directory must not exist yet.
    ///   - makeInstance: makes the machine, not started yet; waiting for room on the host belongs in here.
    /// - Returns: the record as it was written at the end. Nothing a run meets is thrown, except that it could not be begun.
    /// - Throws: `.exists` when there is a run of that name; `TaskError.host` when its directory cannot be made.
    package func run(
        _ work: any TaskWork, record: RunRecord, files: RunFiles, forwarded: [String] = [], environment: [String: String] = [:],
        makeInstance: @escaping @Sendable () async throws -> any Instance
    ) async throws -> RunRecord {
        try begin(files)
        let course = RunCourse(
            overlord: self, work: work, files: files, record: record, forwarded: forwarded, environment: environment,
            makeInstance: makeInstance)
        return await course.go()
    }

    private func begin(_ files: RunFiles) throws {
        let parent = files.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        do {
            try Directories.make(parent, mode: 0o755)
            guard try Directories.make(files.path, mode: 0o755) else {
                throw DisposableError(
                    .exists, "there is a run \(files.run) already, in \(files.path); it is left alone. Choose another --uuid")
            }
            try Directories.make(files.own, mode: 0o755)
            try log.open(files.log)
        } catch let error as PlatformError {
            throw TaskError(.host, "the artifacts directory \(files.path) cannot be made: \(error); set artifactsdir in taskotron.yaml")
        }
    }
}

/// When a machine outlives its run.
package enum KeepOn: Sendable, Equatable {
    case never, always
    /// Anything but PASSED and INFO, exit codes other than 0 too.
    case failure
    case outcomes(Set<Outcome>)

    /// From `--keep-on`: `failure`, `always`, `never`, or outcomes with commas between them.
    package init?(_ text: String) {
        switch text.lowercased() {
        case "", "never", "none": self = .never
        case "always", "all": self = .always
        case "failure", "fail": self = .failure
        default:
            let words = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).uppercased() }
            let outcomes = words.compactMap { Outcome(rawValue: $0) }
            guard outcomes.count == words.count else { return nil }
            self = .outcomes(Set(outcomes))
        }
    }

    func keeps(outcome: Outcome?, exitCode: Int32) -> Bool {
        switch self {
        case .never: false
        case .always: true
        case .failure: exitCode != 0 || outcome.map { !$0.isGood } ?? false
        case .outcomes(let set): outcome.map(set.contains) ?? false
        }
    }
}
