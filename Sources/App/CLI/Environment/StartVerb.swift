import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import OrderedCollections

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
