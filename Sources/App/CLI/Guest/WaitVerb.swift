import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import OrderedCollections

struct WaitVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until VMs answer: a command ran in each.",
        discussion: """
            Examples:
              atoll wait
              atoll wait vm-a --timeout 60
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: .customLong("timeout"), help: "Seconds for each VM (default: its boot_time_sec, 600, times 4 under tcg).")
    var timeout: Positive?
    @Argument(help: "VMs to wait for.", completion: .custom(VMCompletion.complete)) var vms: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let useCase = WaitUseCase(host: try session.host(), context: try session.context(logs: files))
        let environment = try await useCase.run(files, machines: vms, timeout: timeout.map { .seconds($0.value) })
        let ready = try environment.selecting(vms)
        session.finish(
            "ready", ["prefix": .string(files.path), "vms": Addresses.document(ready)],
            text: "READY: \(ready.map(\.name).joined(separator: ", "))")
    }
}
