import AtollDirectives
import ArgumentParser
import AtollInstances
import AtollFormula
import AtollModel
import AtollPlatform
import AtollResults
import AtollTaskRuns
import Foundation
import OrderedCollections

struct RunTaskVerb: TaskVerb {
    static let configuration = CommandConfiguration(
        commandName: "runtask", abstract: "Run task formulas: here, on a machine over ssh, or in a fresh VM.",
        usage: "atoll runtask [options] TASK...",
        discussion: """
            Several tasks and several items make one run each, every task with every item; -j says how many at once. Without --local, \
            --ssh and --libvirt the setting runtask_mode decides, which is local unless set.

            Examples:
              atoll runtask --local init-examples/tasks/filecheck/runtask.yml
              atoll runtask -i foo-1.2-3.fc99 -t koji_build -a x86_64 --libvirt runtask.yml
              atoll runtask --ssh root@host:2222 task.yml
              atoll runtask --dry-run --libvirt -i foo-1.2-3.fc99 -t koji_build runtask.yml

            Exit codes: 0 good, 100 the exitcode directive says so, 101 the task broke, 102 trouble around it (image, VM, network), \
            103 a time limit, 1 formula or configuration, 2 usage, 128 + n signal n.

            Item types:
            \(ItemType.allCases.map { "  \($0.rawValue.padded(to: 16)) \($0.example)" }.joined(separator: "\n"))
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: TaskOptions
    @Option(name: [.customShort("i"), .customLong("item")], help: "The item under test; may be repeated.") var item: [String] = []
    @Option(
        name: [.customShort("t"), .customLong("type")], help: "The type of the item, one of those below.",
        completion: .list(ItemType.allCases.map(\.rawValue))) var type: String?
    @Option(name: [.customShort("a"), .customLong("arch")], help: "The item's architecture.") var arch = "noarch"
    @Option(name: .customLong("jobid"), help: "CI job, BUILDER/BUILD, for links; -j takes one as well.") var jobid = "-1"
    @Flag(name: .customLong("local"), help: "Run here, and consent to changes of this machine.") var local = false
    @Flag(name: .customLong("libvirt"), help: "Run in a fresh VM.") var libvirt = false
    @Option(name: .customLong("ssh"), help: "Run on this machine: USER@MACHINE[:PORT].") var ssh: String?
    @Option(name: .customLong("ssh-privkey"), help: "Private key for --ssh.", completion: .file()) var sshPrivkey: String?
    @Option(
        name: .customLong("image"), help: "Image of the VM: template, path, or DISTRO:RELEASE.",
        completion: .custom(TemplateCompletion.complete))
    var image: String?
    @Flag(name: .customLong("match-host"), help: "Insist on an image of the item's distribution and release.") var matchHost = false
    @Option(name: .customLong("override"), help: "VAR=VALUE: set a variable of the formula; may be repeated.") var overrides: [String] = []
    @Flag(name: [.customShort("n"), .customLong("dry-run")], help: "Run nothing: check the formulas, and say what would run where.")
    var dryRun = false
    @Argument(help: "Formula files.", completion: .file(extensions: ["yml", "yaml"])) var tasks: [String]

    func execute(_ session: Session, stop: Overlord.Stop) async throws {
        let context = try TaskSession.forRuns(session)
        let date = Date()
        let invocation = options.uuid ?? RunIdentifier.make(at: date)
        let items: [String?] = item.isEmpty ? [nil] : item
        let pairs = tasks.flatMap { task in items.map { (task: task, item: $0) } }
        // Whatever is wrong with any of them is said before anything is made.
        let runs = try zip(pairs, RunIdentifier.names(invocation, count: pairs.count)).map { pair, uuid in
            try processed(pair.task, item: pair.item, uuid: uuid, context, date)
        }
        let formulas = try runs.map { arguments in
            let formula = try TaskFormula.load(arguments.original.task, absolute: arguments.task)
            // Where somebody waits for a result about an item there is a run that says it; else nothing is begun.
            if dryRun || arguments.item == nil || arguments.type == nil { _ = try formula.get() }
            return formula
        }
        let places = try TaskPlaces(context, options, stop: stop)
        let testcases = KnownTestcases()
        let jobs = try zip(runs, formulas).enumerated().map { index, run in
            try job(run.0, run.1, label: pairs.count == 1 ? nil : "\(index + 1)", places, context, testcases)
        }
        context.show(warnings: jobs.flatMap(\.warnings))
        if dryRun { return try await TaskPreview(session: session, images: try context.images()).show(jobs) }
        let launcher = try TaskLauncher(context, options, places, stop: stop, invocation: invocation)
        try await launcher.run(jobs, atOnce: global.jobs?.value ?? 1)
    }

    private func processed(_ task: String, item: String?, uuid: String, _ context: TaskSession, _ date: Date) throws -> RunArguments {
        var original = RunArguments.Original(task: task)
        original.item = item
        original.type = type
        original.arch = arch
        original.jobid = jobid
        original.debug = options.debug
        original.uuid = uuid
        original.local = local
        original.libvirt = libvirt
        original.ssh = ssh
        original.sshPrivkey = sshPrivkey
        original.noDestroy = options.noDestroy
        original.overrides = overrides
        return try RunArguments.process(
            original, currentDirectory: context.session.runtime.workingDirectory, artifactsRoot: context.settings.artifactsdir, date: date,
            defaultMode: context.settings.runtaskMode == "libvirt" ? .libvirt : .local)
    }

    private func job(
        _ arguments: RunArguments, _ loaded: Result<Formula, FormulaFailure>, label: String?, _ places: TaskPlaces,
        _ context: TaskSession, _ testcases: KnownTestcases
    ) throws -> TaskLauncher.Job {
        let (namespaces, absence) = try context.namespaces()
        let reporting = Reporting.options(context, arguments, namespaces, testcases)
        let warnings = arguments.warnings + [absence].compactMap(\.self)
        let links = context.links(run: arguments.uuid, jobid: jobid)
        let digest = try? Digest.sha256(AtomicFile.read(arguments.task, limit: 4 << 20))
        let request = RunRecord.Request(
            verb: "runtask", arguments: canonical(arguments), directory: context.session.runtime.workingDirectory,
            environment: RunEnvironment.recorded(context.session.runtime.environment))
        @Sendable func fill(_ record: inout RunRecord) {
            record.item = arguments.item
            record.type = arguments.type?.rawValue
            record.arch = arguments.arch
            record.formula = arguments.task
            record.formulaDigest = digest
        }
        let formula: Formula
        switch loaded {
        case .success(let sound): formula = sound
        case .failure(let failure):
            let work = BrokenFormula(failure.problems, arguments: arguments, reporting: reporting)
            return TaskLauncher.Job(
                run: arguments.uuid, label: label, work: work, place: .none(arguments), request: request, warnings: warnings,
                secrets: arguments.secrets, links: links,
                fill: { record in
                    fill(&record)
                    record.variables = ["checkname": work.heading.name, "namespace": work.heading.namespace]
                })
        }
        let packages = PackagePreparation(
            repositories: context.settings.minionRepos, ignoresRepositoryErrors: context.settings.minionReposIgnoreErrors,
            hasConsent: arguments.isModeExplicit && arguments.mode == .local)
        let work = FormulaWork(
            formula: formula, arguments: arguments,
            directives: .standard(reporting: reporting, environment: context.taskEnvironment), packages: packages, reporting: reporting)
        let place = try places.place(arguments, formula, image: image, matchHost: matchHost)
        return TaskLauncher.Job(
            run: arguments.uuid, label: label, work: work, place: place,
            request: request, forwarded: arguments.forwarded, warnings: warnings, secrets: arguments.secrets, links: links,
            fill: { record in
                fill(&record)
                record.packages = formula.environment.packages
                for (name, value) in arguments.variables(formula: formula, workdir: "") {
                    record.variables[name] = RunArguments.isSecret(variable: name) ? RunLog.mask : value.text
                }
            })
    }

    /// The command line of one run alone. It says the mode whatever said it now, but for this machine where nobody asked for it: `--local`
    /// is consent to changes of it.
    private func canonical(_ arguments: RunArguments) -> [String] {
        var words = ["runtask"] + global.taskWords
        if let item = arguments.item { words += ["--item=\(item)"] }
        if let type { words += ["--type=\(type)"] }
        if arch != "noarch" { words += ["--arch=\(arch)"] }
        if jobid != "-1" { words += ["--jobid=\(jobid)"] }
        switch arguments.mode {
        case .local: if arguments.isModeExplicit { words.append("--local") }
        case .libvirt: words.append("--libvirt")
        case .ssh: words += ["--ssh=\(ssh ?? "")"]
        }
        if let sshPrivkey { words += ["--ssh-privkey=\(sshPrivkey)"] }
        if let image { words += ["--image=\(image)"] }
        if matchHost { words.append("--match-host") }
        for pair in overrides { words += ["--override=\(pair)"] }
        return words + options.words + [arguments.original.task]
    }
}

/// A formula as the command line names it.
enum TaskFormula {
    /// - Throws: `UsageError` where there is none; `FormulaFailure`, which has an exit code of its own: the command line was right.
    static func load(_ name: String, absolute path: String) throws -> Result<Formula, FormulaFailure> {
        guard !SystemCall.isDirectory(path) else {
            throw UsageError("\(name) is a directory; name the formula in it: \(name.hasSuffix("/") ? name : name + "/")runtask.yml")
        }
        guard SystemCall.exists(path) else { throw UsageError("there is no formula \(name); looked for \(path)") }
        do throws(InvalidInput) { return .success(try Formula.load(path)) } catch { return .failure(FormulaFailure(problems: error)) }
    }
}

/// A formula that cannot be used: exit 1 (spec 6.7), while a command line that makes no sense is 2.
struct FormulaFailure: Error, CustomStringConvertible {
    var problems: InvalidInput
    var description: String { problems.description }
}

/// How results are reported, from the settings.
enum Reporting {
    static func options(
        _ context: TaskSession, _ arguments: RunArguments, _ namespaces: Namespaces?, _ known: KnownTestcases
    ) -> ReportingOptions {
        let settings = context.settings
        var server: ResultsDBClient.Server?
        if settings.reportToResultsdb {
            let token = settings.resultsdbToken
            server = ResultsDBClient.Server(settings.resultsdbServer, authorization: token.isEmpty ? nil : .bearer(token))
        }
        return ReportingOptions(
            server: server, artifactsURL: URLCredentials.removed(from: settings.artifactsBaseurl),
            execdbServer: URLCredentials.removed(from: settings.execdbServer), namespaces: namespaces,
            origin: GitOrigin.of(directory: arguments.taskdir),
            description: context.links(run: arguments.uuid, jobid: arguments.jobid).job.map { "CI job \($0)" }, known: known)
    }
}
