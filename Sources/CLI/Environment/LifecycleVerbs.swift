import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlanning
import AtollPlatform
import OrderedCollections
import Glibc

struct StartVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start networks and VMs.",
        discussion: """
            Starts the named VMs and the networks they are on, all without names. What runs already is left alone. It does not wait for
            the guests; atoll wait does.

            Examples:
              atoll start
              atoll start vm-a --dry-run
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the steps.") var dryRun = false
    var printsEvents: Bool { !dryRun }
    @Argument(help: "VMs to start.", completion: .custom(VMCompletion.complete)) var vms: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let useCase = StartUseCase(host: try session.host(), context: try session.context(logs: files))
        if dryRun { return session.show(try await useCase.preview(files, machines: vms)) }
        let environment = try await useCase.run(files, machines: vms)
        let started = vms.isEmpty ? Array(environment.machines.keys) : vms
        session.finish(
            "done", ["prefix": .string(files.path), "vms": .list(started.map(Value.string)), "next": .string(session.command("wait"))])
    }
}

struct StopVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Power VMs off and take their networks down.",
        discussion: """
            Networks that another running VM uses stay up.

            Examples:
              atoll stop
              atoll stop vm-a
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the steps.") var dryRun = false
    var printsEvents: Bool { !dryRun }
    @Argument(help: "VMs to stop.", completion: .custom(VMCompletion.complete)) var vms: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let useCase = StopUseCase(host: try session.host(), context: try session.context(logs: files))
        if dryRun { return session.show(try await useCase.preview(files, machines: vms)) }
        try await useCase.run(files, machines: vms)
        session.finish("done", ["prefix": .string(files.path), "next": .string(session.command("destroy"))])
    }
}

struct DestroyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Remove a prefix and everything it made on this host.",
        discussion: """
            Only what carries the prefix's mark is touched. A prefix whose init was interrupted can be destroyed too.

            Examples:
              atoll destroy --yes
              atoll destroy --yes --all-prefixes
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.") var yes = false
    @Flag(name: .customLong("all-prefixes"), help: "Every prefix of the workdir.") var allPrefixes = false
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the steps.") var dryRun = false
    var printsEvents: Bool { !dryRun }

    func execute(_ session: Session) async throws {
        let targets = try self.targets(session)
        let host = try session.host()
        if dryRun {
            var steps: [PlannedStep] = []
            for target in targets { steps += try await DestroyUseCase(host: host, context: try session.context()).preview(target) }
            return session.show(steps)
        }
        if !yes, try !confirm(session, targets) { return session.finish("done", ["destroyed": []], text: "Aborting on user input") }
        // A link to an environment is not the environment: only the link goes.
        let links = try targets.isEmpty ? [] : linksInstead(session)
        for link in links { try Directories.removeTree(link) }
        if links.isEmpty {
            for target in targets { try await DestroyUseCase(host: host, context: try session.context()).run(target) }
        }
        let gone = links.isEmpty ? targets.map(\.files.path) : links
        session.finish(
            "done", ["destroyed": .list(gone.map(Value.string))],
            text: links.isEmpty
                ? "Destroyed \(gone.joined(separator: ", "))"
                : "Removed the link \(gone.joined(separator: ", ")); what it names is still there")
    }

    private func targets(_ session: Session) throws -> [Locator.Found] {
        guard allPrefixes else { return [try session.locator.prefix()] }
        let workdir = try session.locator.workdir()
        return try workdir.prefixNames().map { Locator.Found(workdir: workdir, files: try workdir.prefix($0)) }
    }

    private func linksInstead(_ session: Session) throws -> [String] {
        let link = allPrefixes ? session.locator.workdirLink() : session.locator.prefixLink()
        return link.map { [$0] } ?? []
    }

    private func confirm(_ session: Session, _ targets: [Locator.Found]) throws -> Bool {
        let what = allPrefixes ? "all the prefixes under \(targets.first?.workdir?.path ?? "")" : targets.first?.files.path ?? ""
        session.console.errRaw("Do you really want to destroy \(what)? [Yn] ")
        guard let answer = readLine() else {
            session.console.errRaw("\n")
            throw UsageError("no answer can be read, so nothing is destroyed; say yes with: \(session.command("destroy --yes"))")
        }
        return answer.isEmpty || ["y", "yes"].contains(answer.lowercased())
    }
}
