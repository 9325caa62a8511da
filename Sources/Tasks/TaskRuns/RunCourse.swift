import AtollDirectives
import AtollCommands
import AtollArchive
import AtollInstances
import AtollGuestAccess
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollResults
import Foundation
import Synchronization

/// The course of one run, stage by stage.
final class RunCourse: Sendable {
    private let overlord: Overlord
    private let work: any TaskWork
    private let files: RunFiles
    private let forwarded: [String]
    private let environment: [String: String]
    private let makeInstance: @Sendable () async throws -> any Instance
    private let record: Mutex<RunRecord>
    private let machine = Mutex<(any Instance)?>(nil)
    private let session = Mutex<RunSession?>(nil)
    /// Whether the machine came up: one that did not is of no use to anybody.
    private let isUp = Mutex(false)
    /// From so many bytes on people are told why it takes long.
    private static let muchToCopy: Int64 = 32 << 20

    init(
        overlord: Overlord, work: any TaskWork, files: RunFiles, record: RunRecord, forwarded: [String], environment: [String: String],
        makeInstance: @escaping @Sendable () async throws -> any Instance
    ) {
        self.overlord = overlord
        self.work = work
        self.files = files
        self.forwarded = forwarded
        self.environment = environment
        self.makeInstance = makeInstance
        self.record = Mutex(record)
    }

    private var log: RunLog { overlord.log }
    private var policy: Overlord.Policy { overlord.policy }

    func go() async -> RunRecord {
        log.info("Execution started at: \(Self.time(record.withLock { $0.started })) UTC")
        save()
        var exitCode: Int32 = 0
        var failure: (any Error)?
        do { exitCode = try await overlord.stop.gently.cancelling { try await self.forward() } } catch { failure = error }
        let signal = overlord.stop.gently.signal
        if let failure { report(failure, signal) }
        if let session = session.withLock({ $0 }), overlord.stop.atOnce.signal == nil {
            let lost = await stage("collect") { await self.collect(session) }
            // A task that went well but whose artifacts are lost did not end well; its own failure comes first.
            if failure == nil, exitCode == 0 { failure = lost }
        }
        var results = session.withLock { $0 }?.results ?? []
        var broken: CheckDetail?
        if let failure {
            let verdict = Verdict.of(failure, signal: signal, legacy: policy.usesLegacyExitCodes)
            exitCode = verdict.exitCode
            broken = synthesized(results, verdict, failure)
        }
        let outcome = (results + [broken].compactMap { $0 }).map(\.outcome).max()
        await leave(outcome: outcome, exitCode: exitCode)
        if let broken { results.append(await reported(broken)) }
        return finish(results, outcome: outcome, exitCode: exitCode, failure)
    }

    /// Everything that may break.
    private func forward() async throws -> Int32 {
        try work.check()
        try overlord.failpoints.reach("before:task:machine")
        let instance = try await makeInstance()
        machine.withLock { $0 = instance }
        try await stage("machine") { try await instance.start() }
        isUp.withLock { $0 = true }
        let image = instance.image
        record.withLock { ($0.image, $0.imageDigest) = (image?.name, image?.digest) }
        try overlord.failpoints.reach("after:task:machine")
        if let seconds = record.withLock({ $0.stages.last?.seconds }), instance.kind != .local {
            log.info("\(instance.name) answers after \(seconds.formatted(.number.precision(.fractionLength(1)))) s")
        }
        if let login = instance.loginCommand { log.debug("by hand: \(login)") }
        let session = try await prepare(instance)
        self.session.withLock { $0 = session }
        try overlord.failpoints.reach("before:task:work")
        let code = try await stage("task") {
            try await Limited.run(self.policy.timeout, "the task did not end within") { try await self.work.perform(session) }
        }
        try overlord.failpoints.reach("after:task:work")
        return code
    }

    private func prepare(_ instance: any Instance) async throws -> RunSession {
        let isLocal = instance.kind == .local
        let taskDirectory =
            switch instance.kind {
            case .local: work.localDirectory ?? Directories.working()
            // A machine that stays may have other runs' tasks, also at the same time.
            case .ssh: policy.taskDirectory + "/" + files.run
            case .libvirt: policy.taskDirectory
            }
        var artifacts = files.path
        var sharesArtifacts = false
        let workDirectory = instance.ownDirectory + "/work"
        if !isLocal {
            var made = try await makeDirectories(workDirectory, artifacts, on: instance)
            if !made.isMade {
                // Somebody who is not root: another place does as well, the task is told.
                artifacts = instance.ownDirectory + "/artifacts"
                made = try await makeDirectories(workDirectory, artifacts, on: instance)
            }
            guard made.isMade else {
                throw DisposableError(.copy, "\(instance.name) has no room for artifacts: \(GuestText.tail(made.errors, lines: 1))")
            }
            // Artifacts that are there already are the run's own on this host: the machine is this one.
            if made.isNew { instance.claim(artifacts) } else { sharesArtifacts = true }
            try await stage("push") {
                guard let local = self.work.localDirectory else {
                    _ = try await instance.capture(InstanceCommand(.arguments(["mkdir", "-p", "--", taskDirectory])))
                    return
                }
                let source = try await Blocking.run { [excluding = policy.excluding] in try CopySource(local, excluding: excluding) }
                if source.bytes >= Self.muchToCopy {
                    self.log.info("copying \(source.files) files with \(ByteSize(source.bytes)) of \(local)")
                }
                let skipped = try await instance.push(source, to: taskDirectory)
                for name in skipped { self.log.warning("not copied: \(name)") }
            }
        } else {
            try Directories.make(workDirectory, mode: 0o700)
        }
        try overlord.failpoints.reach("after:task:push")
        let sink = try OutputSink(path: files.output, secrets: log.secrets) { [console = overlord.console] stream, bytes in
            console(stream == .output ? .output : .errors, bytes)
        }
        return RunSession(
            instance: instance, files: files, log: log, taskDirectory: taskDirectory, artifactsDirectory: artifacts,
            workDirectory: workDirectory, silence: policy.silence, forwarded: forwarded,
            environment: environment.merging(
                ["TEST_ARTIFACTS": artifacts, "ARTIFACTS": artifacts, "WORKDIR": workDirectory, "TASKDIR": taskDirectory]) { $1 },
            output: sink, limits: policy.limits, sharesArtifacts: sharesArtifacts)
    }

    /// By one command, for each takes a guest its time. `isNew`: the artifacts' directory was not there before.
    private func makeDirectories(
        _ work: String, _ artifacts: String, on instance: any Instance
    ) async throws -> (isMade: Bool, isNew: Bool, errors: String) {
        let parent = (artifacts as NSString).deletingLastPathComponent
        let place = ShellWord.quoted(artifacts)
        let script = """
            mkdir -p -- \(ShellWord.quoted(work)) \(ShellWord.quoted(parent)) || exit
            if mkdir -- \(place) 2> /dev/null; then echo new; else mkdir -p -- \(place); fi
            """
        let (result, output, errors) = try await instance.capture(InstanceCommand(.script(script)))
        return (result.succeeded, output == Array("new\n".utf8), errors)
    }

    /// Artifacts, facts and the console, also of a run that broke; a failure here never hides the first one.
    private func collect(_ session: RunSession) async -> (any Error)? {
        let lost = Mutex<(any Error)?>(nil)
        await shielded(until: overlord.stop.atOnce) {
            do {
                if session.instance.kind != .local {
                    let report = try await session.fetchArtifacts()
                    self.log.debug("artifacts: \(report.summary)")
                }
            } catch {
                self.log.error("the artifacts could not be fetched: \(error)")
                lost.withLock { $0 = error as? DisposableError ?? DisposableError(.copy, "\(error)") }
            }
            await MachineFacts.collect(session)
        }
        return lost.withLock { $0 }
    }

    private func leave(outcome: Outcome?, exitCode: Int32) async {
        guard let instance = machine.withLock({ $0 }) else { return }
        let console = await instance.consoleTail()
        if !console.isEmpty { try? AtomicFile.write(console, to: files.console, mode: 0o644) }
        if let vm = instance as? any KeepableInstance, isUp.withLock({ $0 }), overlord.stop.gently.signal == nil,
            policy.keepOn.keeps(outcome: outcome, exitCode: exitCode)
        {
            let until = Date(timeIntervalSinceNow: Double(policy.keepFor.components.seconds))
            do {
                try await vm.keep(until: until, because: outcome?.rawValue ?? "exit code \(exitCode)")
                record.withLock { ($0.keptUntil, $0.login) = (until, instance.loginCommand) }
                log.info("\(instance.name) is kept until \(Self.time(until)) UTC: \(instance.loginCommand ?? "")")
                log.info("remove it with: atoll gc \(files.run); from then on any atoll gc does")
                return
            } catch { log.error("\(instance.name) could not be kept: \(error)") }
        }
        await stage("cleanup") {
            await self.shielded {
                do {
                    try self.overlord.failpoints.reach("before:task:cleanup")
                    try await instance.dispose()
                } catch {
                    self.log.error("\(instance.name) could not be removed: \(error); once that is mended: atoll gc")
                }
            }
        }
    }

    private func finish(_ results: [CheckDetail], outcome: Outcome?, exitCode: Int32, _ failure: (any Error)?) -> RunRecord {
        var exitCode = exitCode
        // Whoever reads the results would find none and take the exit code's word for it.
        let trouble: Int32 = policy.usesLegacyExitCodes ? 1 : 102
        do {
            // A task on this machine may have removed its artifacts whole.
            try Directories.make(files.own, mode: 0o755)
            try ResultFiles.write(results, to: files, record: record.withLock { $0 })
        } catch {
            log.error("the results could not be written: \(error)")
            if exitCode == 0 { exitCode = trouble }
        }
        let session = session.withLock { $0 }
        let final = record.withLock { record in
            record.state = .finished
            record.finished = Date()
            record.outcome = outcome?.rawValue
            record.exitCode = exitCode
            record.note = failure.map { log.redacted("\($0)") }
            record.warnings = log.warnings
            record.packages = session?.packages ?? []
            return record
        }
        save()
        let summary = OutcomeSummary.text(results)
        if !summary.isEmpty { log.info("results: \(summary)") }
        if exitCode != 0 { log.warning("ended with exit code \(exitCode); the same again: atoll rerun \(files.run)") }
        log.info("artifacts are in \(files.path)")
        for line in final.links?.lines ?? [] { log.info(line) }
        log.info("Execution finished at: \(Self.time(final.finished ?? Date())) UTC")
        log.close()
        return final
    }

    private func report(_ failure: any Error, _ signal: Int32?) {
        if let signal { return log.critical("ended by signal \(signal)") }
        for line in "\(failure)".split(separator: "\n") { log.critical(String(line)) }
    }

    /// A run that broke says so beside whatever it brought before: silence would look like "not run yet". Without an item it is about the
    /// task itself.
    private func synthesized(_ results: [CheckDetail], _ verdict: Verdict, _ failure: any Error) -> CheckDetail? {
        guard let outcome = verdict.outcome else { return nil }
        let subject = work.subject
        let item = subject.item ?? work.title
        // The task said so itself.
        if results.contains(where: { $0.item == item && $0.checkname == subject.checkname && $0.isBroken }) { return nil }
        return CheckDetail.broken(
            outcome, item: item, type: subject.item == nil ? "task" : subject.type ?? "task", checkname: subject.checkname,
            reason: log.redacted("\(failure)"))
    }

    /// Where nothing was reported yet, those who wait for results elsewhere are told too.
    private func reported(_ broken: CheckDetail) async -> CheckDetail {
        guard session.withLock({ $0 })?.hasPosted != true, overlord.stop.atOnce.signal == nil else { return broken }
        let told = Mutex(broken)
        await shielded(until: overlord.stop.atOnce) {
            let detail = await self.work.report(broken, self.files, self.log)
            told.withLock { $0 = detail }
        }
        return told.withLock { $0 }
    }

    /// Stages that say nothing themselves and take long when there is much to copy.
    private static let slowStages = [
        "push": "copying the task's directory", "collect": "fetching artifacts", "cleanup": "removing the machine",
    ]

    private func stage<T: Sendable>(_ name: String, _ body: @Sendable () async throws -> T) async rethrows -> T {
        let began = ContinuousClock.now
        defer {
            let seconds = began.duration(to: .now) / .seconds(1)
            record.withLock { $0.stages.append(.init(name: name, seconds: (seconds * 1000).rounded() / 1000)) }
            log.debug("stage \(name): \(seconds.formatted(.number.precision(.fractionLength(2)))) s")
        }
        log.debug("stage \(name)")
        guard let words = Self.slowStages[name] else { return try await body() }
        return try await Heartbeat(log: log).during(words, body)
    }

    /// Cleaning up is not cancelled by what ended the run; what may be left out ends when a second signal comes.
    private func shielded(until stop: Interruption? = nil, _ body: @escaping @Sendable () async -> Void) async {
        let task = Task.detached { await body() }
        let token = stop?.onRequest { task.cancel() }
        await task.value
        if let token { stop?.remove(token) }
    }

    private func save() {
        do { try record.withLock { try $0.save(to: files) } } catch { log.error("the record could not be written: \(error)") }
    }

    private static func time(_ date: Date) -> String { date.formatted(.iso8601.dateTimeSeparator(.space)).replacing("Z", with: "") }
}

/// Ends work that takes too long in all.
enum Limited {
    static func run<T: Sendable>(_ limit: Duration?, _ words: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        guard let limit else { return try await body() }
        return try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw TaskError(.timeout, "\(words) \(limit.components.seconds) s")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
