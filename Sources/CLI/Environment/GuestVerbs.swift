import ArgumentParser
import AtollEnvironments
import AtollModel
import OrderedCollections

struct ShellVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Run a command, a script or a terminal in a VM.",
        usage: "atoll shell [options] VM [-c] [COMMAND...]",
        discussion: """
            Everything after the VM's name goes to the guest untouched. Without a command it is a terminal. One word that is a file
            here is run there as a script. The exit code is the remote one's, or 128 + signal.

            Examples:
              atoll shell vm-a
              atoll shell vm-a -c 'uname -a'
              tar c . | atoll shell vm-a tar x -C /srv
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The VM, or the end of its name.", completion: .custom(VMCompletion.complete)) var vm: String
    @Argument(parsing: .captureForPassthrough, help: "Command and arguments.") var command: [String] = []

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let code = try await ShellUseCase(host: try session.host()).run(files, machine: vm, arguments: command)
        if code != 0 { throw VerbExit(code: code) }
    }
}

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

struct ConsoleVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Attach the terminal to a VM's serial console.",
        discussion: """
            It needs no network and no ssh in the guest. Leave with ctrl-].

            Example:
              atoll console vm-a
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The VM.", completion: .custom(VMCompletion.complete)) var vm: String

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let environment = try SavedEnvironment.load(files)
        let machine = try environment.machine(matching: vm)
        try await session.host().consoles.attach(environment.libvirtName(ofMachine: machine.name), owner: environment.id) {
            session.console.err($0)
        }
    }
}
