import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import OrderedCollections

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
