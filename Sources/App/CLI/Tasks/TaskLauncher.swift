import AtollDirectives
import AtollInstances
import AtollEnvironments
import AtollPlanning
import AtollTaskRuns
import Foundation
import Glibc

/// Starts the runs of one command line, so many at once, and ends with the worst of their exit codes.
struct TaskLauncher: Sendable {
    /// One run to be.
    struct Job: Sendable {
        var run: String
        /// Before each of its lines, when there are several.
        var label: String?
        var work: any TaskWork
        var place: TaskPlace
        var request: RunRecord.Request
        var forwarded: [String] = []
        /// Shown already; its log and record have them too.
        var warnings: [String] = []
        /// What its log masks beside the secrets of the settings.
        var secrets: [String] = []
        var links: RunLinks?
        var fill: @Sendable (inout RunRecord) -> Void = { _ in }
    }

    private let tasks: TaskSession
    private let options: TaskOptions
    private let stop: Overlord.Stop
    private let invocation: String
    private let places: TaskPlaces
    private let common: CommonLog?

    init(_ tasks: TaskSession, _ options: TaskOptions, _ places: TaskPlaces, stop: Overlord.Stop, invocation: String) throws {
        self.tasks = tasks
        self.options = options
        self.places = places
        self.stop = stop
        self.invocation = invocation
        do { try tasks.settings.prepareDirectories() } catch { throw ConfigurationFailure(error) }
        common = try tasks.commonLog()
    }

    private var console: Console { tasks.session.console }

    /// - Throws: `VerbExit` with the worst exit code, when it is not 0.
    func run(_ jobs: [Job], atOnce: Int) async throws {
        for job in jobs { try Repetition(tasks)?.check(mode: job.place.kind.rawValue) }
        tasks.session.activity.began()
        defer { tasks.session.activity.ended() }
        let records = try await withThrowingTaskGroup(of: RunRecord.self) { group in
            var waiting = jobs[...]
            var finished: [RunRecord] = []
            for _ in 0..<max(1, min(atOnce, jobs.count)) {
                guard let job = waiting.popFirst() else { break }
                group.addTask { try await run(job) }
            }
            while let record = try await group.next() {
                finished.append(record)
                if stop.gently.signal == nil, let job = waiting.popFirst() { group.addTask { try await run(job) } }
            }
            return finished
        }
        RunSummary(records, of: jobs.count).show(tasks.session)
        let worst = records.compactMap(\.exitCode).max() ?? 0
        if worst != 0 { throw VerbExit(code: worst) }
    }

    private func run(_ job: Job) async throws -> RunRecord {
        let style: TaskPrinter.Style =
            tasks.session.format == .json ? .json(run: job.run) : job.label.map { .labelled($0) } ?? .plain
        let printer = TaskPrinter(console: console, style: style)
        let log = tasks.log(
            printer, isDebug: options.debug, secrets: job.secrets, common: common.map { (log: $0, run: job.run) }, warnings: job.warnings)
        var record = RunRecord(
            run: job.run, invocation: tasks.session.runtime.invocation ?? invocation, request: job.request, title: job.work.title,
            mode: job.place.kind.rawValue,
            target: job.place.target,
            started: Date(), pid: getpid(), version: AtollVersion.text)
        record.repeats = tasks.session.runtime.repeats
        record.hostFacts = tasks.hostFacts(job.place.kind == .libvirt ? places.host : nil)
        record.links = job.links ?? tasks.links(run: job.run)
        job.fill(&record)
        let repetition = Repetition(tasks)
        if let difference = repetition?.formulaDifference(record) { console.err("warning: \(difference)") }
        let isJSON = tasks.session.format == .json
        let overlord = Overlord(policy: places.policy, log: log, stop: stop, failpoints: try tasks.failpoints()) { printer.output($0, $1) }
        let files = RunFiles(artifacts: tasks.store.directory, run: job.run)
        if isJSON { console.out(TaskEvents.line(TaskEvents.started(record, files: files))) }
        let final = try await overlord.run(
            job.work, record: record, files: files, forwarded: job.forwarded.isEmpty ? ["--uuid", job.run] : job.forwarded
        ) {
            try await job.place.make(job.run, log)
        }
        printer.finish()
        if let difference = repetition?.imageDifference(final) { console.err("warning: \(difference)") }
        if isJSON { console.out(TaskEvents.line(TaskEvents.finished(final, files: files))) }
        return final
    }
}
