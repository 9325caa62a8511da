import ArgumentParser
import AtollEnvironments
import AtollModel
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
    @Argument(help: "VMs to start.", completion: .custom(VMCompletion.complete)) var vms: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let useCase = StartUseCase(host: try session.host(), context: try session.context(logs: files))
        if dryRun { return session.show(try await useCase.preview(files, machines: vms)) }
        _ = try await useCase.run(files, machines: vms)
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
    @Argument(help: "VMs to stop.", completion: .custom(VMCompletion.complete)) var vms: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let useCase = StopUseCase(host: try session.host(), context: try session.context(logs: files))
        if dryRun { return session.show(try await useCase.preview(files, machines: vms)) }
        try await useCase.run(files, machines: vms)
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

    func execute(_ session: Session) async throws {
        let targets = try self.targets(session)
        let host = try session.host()
        if dryRun {
            for target in targets { session.show(try await DestroyUseCase(host: host, context: try session.context()).preview(target)) }
            return
        }
        if !yes, !confirm(session, targets) { return session.console.out("Aborting on user input") }
        for target in targets { try await DestroyUseCase(host: host, context: try session.context()).run(target) }
        if session.format == .default { session.console.out("Destroyed \(targets.map(\.files.path).joined(separator: ", "))") }
    }

    private func targets(_ session: Session) throws -> [Locator.Found] {
        guard allPrefixes else { return [try session.locator.prefix()] }
        let workdir = try session.locator.workdir()
        return try workdir.prefixNames().map { Locator.Found(workdir: workdir, files: try workdir.prefix($0)) }
    }

    private func confirm(_ session: Session, _ targets: [Locator.Found]) -> Bool {
        let what = allPrefixes ? "all the prefixes under \(targets.first?.workdir?.path ?? "")" : targets.first?.files.path ?? ""
        session.console.errRaw("Do you really want to destroy \(what)? [Yn] ")
        guard let answer = readLine() else {
            session.console.err("\nno answer can be read; use --yes")
            return false
        }
        return answer.isEmpty || answer.lowercased() == "y" || answer.lowercased() == "yes"
    }
}
