import AtollSettings
import AtollDirectives
import AtollClaims
import AtollInstances
import AtollEnvironments
import AtollFormula
import AtollModel
import AtollPlatform
import AtollTaskRuns
import Foundation

/// Where a run goes.
struct TaskPlace: Sendable {
    var kind: InstanceKind
    /// What the record says it ran on, as far as it is known before anything is looked for.
    var target: String
    /// The VM it gets, for those who ask beforehand.
    var vm: (image: ImageWish, size: @Sendable () throws -> MachineChoice.Size)?
    /// The machine, not started yet.
    var make: @Sendable (String, RunLog) async throws -> any Instance

    /// Of a run that cannot begin: no machine is ever made.
    static func none(_ arguments: RunArguments) -> TaskPlace {
        TaskPlace(kind: InstanceKind(rawValue: arguments.mode.name) ?? .local, target: "no machine") { _, _ in throw CancellationError() }
    }
}

/// Makes the places of a command line's runs: hands what flags and settings say to those who choose by it.
struct TaskPlaces: Sendable {
    let host: AtollEnvironments.Host
    let policy: Overlord.Policy
    private let tasks: TaskSession
    private let options: TaskOptions
    private let stop: Overlord.Stop

    init(_ tasks: TaskSession, _ options: TaskOptions, stop: Overlord.Stop) throws {
        self.tasks = tasks
        self.options = options
        self.stop = stop
        policy = try tasks.policy(options)
        host = try tasks.session.withTemplates(repoPath: nil, store: nil).host()
    }

    /// This machine, the one that `--ssh` names, or a VM.
    func place(_ arguments: RunArguments, _ formula: Formula, image: String?, matchHost: Bool) throws -> TaskPlace {
        let settings = tasks.settings
        switch arguments.mode {
        case .local:
            return TaskPlace(kind: .local, target: "this machine") { [shown = tasks.taskEnvironment] run, _ in
                LocalInstance(directory: settings.userTmpdir + "/" + run, environment: shown)
            }
        case .ssh(let machine):
            let key = arguments.sshPrivkey.map(tasks.session.absolute) ?? settings.sshPrivkey
            let home = tasks.session.runtime.environment["HOME"] ?? "/root"
            return TaskPlace(kind: .ssh, target: machine.description) { run, _ in
                try Machines.ssh(user: machine.user, host: machine.host, port: machine.port, keyPath: key, home: home, run: run)
            }
        case .libvirt:
            let choice = try choice(image: image, matchHost: matchHost)
            let environment = formula.environment
            let wish = choice.imageWish(environment, item: arguments.item, type: arguments.type, arch: arguments.arch)
            return try vm(wish) { try choice.size(environment) }
        }
    }

    /// The VM of `atoll run IMAGE`.
    func machine(image: String) throws -> TaskPlace {
        let choice = try choice(image: image, matchHost: false)
        let wish = choice.imageWish(EnvironmentWish(), item: nil, type: nil, arch: "noarch")
        return try vm(wish) { try choice.size() }
    }

    private func choice(image: String?, matchHost: Bool) throws -> MachineChoice {
        let settings = tasks.settings
        var flags = MachineChoice.Flags()
        flags.image = image
        flags.matchHost = matchHost
        flags.memoryMiB = options.memory?.value
        flags.cpus = options.cpus?.value
        flags.diskBytes = options.disk.map { Int64(min($0.value, 1 << 30)) << 30 }
        flags.egress = try options.egress.map { words in
            guard let egress = Egress(words: words) else { throw UsageError("--egress: found \"\(words)\"; allowed: \(Egress.rule)") }
            return egress
        }
        guard let egress = Egress(words: settings.egress) else {
            throw ConfigurationFailure(settings, "egress", "found \"\(settings.egress)\"; allowed: \(Egress.rule)")
        }
        var kind = DevisedEnvironment.Defaults(
            distro: settings.defaultDisposableDistro, release: settings.defaultDisposableRelease,
            flavor: settings.defaultDisposableFlavor, arch: settings.defaultDisposableArch)
        kind.said = Set(EnvironmentWish.Trait.allCases.filter { settings.source(of: "default_disposable_\($0.rawValue)") != .builtIn })
        return MachineChoice(
            flags: flags,
            defaults: MachineChoice.Defaults(
                kind: kind, image: settings.defaultImage, forcedURL: settings.forceImageurl ? settings.imageurl : nil, egress: egress))
    }

    private func vm(_ wish: ImageWish, _ size: @escaping @Sendable () throws -> MachineChoice.Size) throws -> TaskPlace {
        let images = try tasks.images()
        return TaskPlace(kind: .libvirt, target: wish.title, vm: (wish, size)) { run, log in
            let size = try size()
            for warning in size.warnings { log.warning(warning) }
            let (found, warnings) = try await Blocking.run { try images.choose(wish) }
            for warning in warnings { log.warning(warning) }
            log.info("image: \(found.name)")
            return try await vm(size.request(run: run, image: found.origin), log)
        }
    }

    private func vm(_ request: VMRequest, _ log: RunLog) async throws -> any Instance {
        let settings = tasks.settings
        let limits = CapacityLimits(
            memoryMiB: settings.capacityMemoryMiB, cpus: settings.capacityCPUs, diskGiB: settings.capacityDiskGiB,
            subnets: settings.capacitySubnets)
        let machines = Machines(host: host) { [root = host.stateRoot] in CapacityBudget.automatic(root: root).limited(by: limits) }
        return try await machines.vm(
            request, life: (policy.timeout ?? .seconds(86400)) + policy.keepFor, artifacts: tasks.store.directory + "/" + request.run,
            context: try tasks.context(log, stop), attempts: settings.spawnVMRetries)
    }
}
