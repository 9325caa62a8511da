import AtollClaims
import AtollDisposable
import AtollEnvironments
import AtollFormula
import AtollInitFile
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollSettings
import AtollTasks
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
        var mode: InstanceKind
        /// What the record says it ran on.
        var target: String
        var request: RunRecord.Request
        var forwarded: [String] = []
        var fill: @Sendable (inout RunRecord) -> Void = { _ in }
        var machine: @Sendable (String, RunLog) async throws -> any Instance
    }

    private let tasks: TaskSession
    private let options: TaskOptions
    private let stop: Overlord.Stop
    private let invocation: String
    private let policy: Overlord.Policy
    private let host: AtollEnvironments.Host

    init(_ tasks: TaskSession, _ options: TaskOptions, stop: Overlord.Stop, invocation: String) throws {
        self.tasks = tasks
        self.options = options
        self.stop = stop
        self.invocation = invocation
        policy = try tasks.policy(options)
        if let words = options.egress, AtollFormula.Egress(words) == nil {
            throw UsageError("--egress: \"\(words)\" is neither on, off nor a list of hosts")
        }
        host = try tasks.session.withTemplates(repoPath: nil, store: nil).host()
        try tasks.settings.prepareDirectories()
    }

    private var console: Console { tasks.session.console }

    /// Where a run goes.
    struct Place: Sendable {
        var kind: InstanceKind
        var target: String
        var make: @Sendable (String, RunLog) async throws -> any Instance
    }

    /// This machine, the one that `--ssh` names, or a VM whose image the command line, the formula, the item or the settings choose.
    func place(_ arguments: RunArguments, _ formula: Formula, image: String?, matchHost: Bool) throws -> Place {
        let settings = tasks.settings
        let environment = tasks.session.runtime.environment
        // Our own secrets are none of the task's.
        let secrets = settings.secrets
        let shown = environment.filter { !($0.key.hasPrefix("TASKOTRON_") && secrets.contains($0.value)) }
        switch arguments.mode {
        case .local:
            return Place(kind: .local, target: "this machine") { run, _ in
                LocalInstance(directory: settings.userTmpdir + "/" + run, environment: shown)
            }
        case .ssh(let machine):
            let key = arguments.sshPrivkey.map(tasks.session.absolute) ?? settings.sshPrivkey
            return Place(kind: .ssh, target: machine.description) { run, _ in
                try Machines.ssh(
                    user: machine.user, host: machine.host, port: machine.port, keyPath: key, home: environment["HOME"] ?? "/root", run: run
                )
            }
        case .libvirt:
            let wish = imageWish(arguments, formula, image: image, matchHost: matchHost)
            let hardware = formula.environment.hardware
            let asked = hardware.resolve(Hardware.Machine(memoryMiB: 1024, cpus: 2))
            let egress = formula.environment.egress
            let images = try tasks.images()
            return Place(kind: .libvirt, target: wish.image ?? (wish.criteria == ImageCriteria() ? wish.defaultImage : "\(wish.criteria)"))
            { run, log in
                for warning in hardware.unsupported { log.warning("\(warning)") }
                let short = hardware.shortfalls(of: asked)
                if hardware.isStrict, let first = hardware.unsupported.first.map({ "\($0)" }) ?? short.first {
                    throw DisposableError(.hardware, "the formula insists on its hardware: \(first)")
                }
                for problem in short { log.warning(problem) }
                let (found, warnings) = try await Blocking.run { try images.choose(wish) }
                for warning in warnings { log.warning(warning) }
                log.info("image: \(found.name)")
                return try await vm(try request(found.origin, asked, egress), run: run, log: log)
            }
        }
    }

    private func imageWish(_ arguments: RunArguments, _ formula: Formula, image: String?, matchHost: Bool) -> ImageWish {
        let settings = tasks.settings
        let defaults = DevisedEnvironment.Defaults(
            distro: settings.defaultDisposableDistro, release: settings.defaultDisposableRelease,
            flavor: settings.defaultDisposableFlavor, arch: settings.defaultDisposableArch)
        let devised = DevisedEnvironment.devise(
            formula.environment, item: arguments.item, type: arguments.type, arch: arguments.arch, defaults: defaults)
        let demand = devised.demand(formula.environment, matchHost: matchHost)
        func value(_ choice: DevisedEnvironment.Choice) -> String? { choice.source == .default ? nil : choice.value }
        return ImageWish(
            image: image ?? formula.environment.image, forcedURL: settings.forceImageurl ? settings.imageurl : nil,
            criteria: demand == .none
                ? ImageCriteria()
                : ImageCriteria(
                    distro: value(devised.distro), release: value(devised.release), flavor: value(devised.flavor),
                    arch: devised.arch.value),
            isAsked: demand == .required, defaultImage: settings.defaultImage)
    }

    /// The VM of `atoll run IMAGE`.
    func machine(image: String) throws -> Place {
        let images = try tasks.images()
        return Place(kind: .libvirt, target: image) { run, log in
            let found = try await Blocking.run { try images.named(image) }
            return try await vm(try request(found.origin, Hardware.Machine(memoryMiB: 1024, cpus: 2), nil), run: run, log: log)
        }
    }

    /// What a VM is asked for: flags over the formula over the settings.
    private func request(_ image: VMRequest.Image, _ wish: Hardware.Machine, _ egress: AtollFormula.Egress?) throws -> VMRequest {
        let words = options.egress ?? tasks.settings.egress
        guard let configured = AtollFormula.Egress(words) else {
            throw UsageError("egress: \"\(words)\" is neither on, off nor a list of hosts")
        }
        let reached: VMRequest.Egress =
            switch options.egress == nil ? egress ?? configured : configured {
            case .on: .on
            case .off: .off
            case .hosts(let list): .only(list)
            }
        return VMRequest(
            run: "", image: image, memoryMiB: options.memory?.value ?? wish.memoryMiB, cpus: options.cpus?.value ?? wish.cpus,
            diskBytes: options.disk.map { Int64($0.value) << 30 } ?? wish.diskBytes, hasTPM: wish.tpm, usesUEFI: wish.uefi, egress: reached)
    }

    private func vm(_ request: VMRequest, run: String, log: RunLog) async throws -> any Instance {
        var request = request
        request.run = run
        let settings = tasks.settings
        let budget: @Sendable () -> CapacityBudget = { [root = host.stateRoot] in
            var budget = CapacityBudget.automatic(root: root)
            if settings.capacityMemoryMiB > 0 { budget.memoryMiB = settings.capacityMemoryMiB }
            if settings.capacityCPUs > 0 { budget.cpus = settings.capacityCPUs }
            if settings.capacityDiskGiB > 0 {
                budget.diskBytes = Int64(settings.capacityDiskGiB) << 30
                budget.diskIsWhatIsFree = false
            }
            if settings.capacitySubnets > 0 { budget.subnets = settings.capacitySubnets }
            return budget
        }
        return try await Machines(host: host, budget: budget).vm(
            request, life: (policy.timeout ?? .seconds(86400)) + policy.keepFor, artifacts: tasks.store.directory + "/" + run,
            context: try tasks.context(log, stop), attempts: settings.spawnVMRetries)
    }

    /// - Throws: `VerbExit` with the worst exit code, when it is not 0.
    func run(_ jobs: [Job], atOnce: Int) async throws {
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
        summarize(records, of: jobs.count)
        let worst = records.compactMap(\.exitCode).max() ?? 0
        if worst != 0 { throw VerbExit(code: worst) }
    }

    private func run(_ job: Job) async throws -> RunRecord {
        let style: TaskPrinter.Style =
            tasks.session.format == .json ? .json(run: job.run) : job.label.map { .labelled($0) } ?? .plain
        let printer = TaskPrinter(console: console, style: style)
        let log = tasks.log(printer, isDebug: options.debug)
        var record = RunRecord(
            run: job.run, invocation: invocation, request: job.request, title: job.work.title, mode: job.mode.rawValue, target: job.target,
            started: Date(), pid: getpid(), version: AtollVersion.text)
        record.repeats = tasks.session.runtime.repeats
        record.hostFacts = tasks.hostFacts(job.mode == .libvirt ? host : nil)
        job.fill(&record)
        let overlord = Overlord(policy: policy, log: log, stop: stop, failpoints: try tasks.failpoints()) { printer.output($0, $1) }
        let files = RunFiles(artifacts: tasks.store.directory, run: job.run)
        let final = try await overlord.run(
            job.work, record: record, files: files, forwarded: job.forwarded.isEmpty ? ["--uuid", job.run] : job.forwarded
        ) {
            try await job.machine(job.run, log)
        }
        printer.finish()
        if let repeats = record.repeats, let digest = final.imageDigest,
            let before = try? tasks.store.find(repeats).record.imageDigest, before != digest
        {
            console.err(
                "warning: the image \(final.target) is not the one that \(repeats) ran on: \(digest.prefix(12)), then \(before.prefix(12))")
        }
        if tasks.session.format == .json { report(final, files) }
        return final
    }

    private func report(_ record: RunRecord, _ files: RunFiles) {
        let event: Value = [
            "event": "finished", "run": .string(record.run), "exit_code": .int(Int(record.exitCode ?? 0)),
            "outcome": record.outcome.map(Value.string) ?? .null, "note": record.note.map(Value.string) ?? .null,
            "artifacts": .string(files.path),
        ]
        console.out(ValueJSON.render(event, indent: 0, sorted: true))
    }

    private func summarize(_ records: [RunRecord], of count: Int) {
        guard count > 1, tasks.session.format != .json else { return }
        let good = records.count { $0.exitCode == 0 }
        console.err("\(good) of \(count) runs well\(records.count < count ? "; \(count - records.count) not begun" : "")")
        for record in records where record.exitCode != 0 {
            console.err("  \(record.run): exit \(record.exitCode ?? -1)\(record.note.map { ", \($0)" } ?? "")")
        }
    }
}
