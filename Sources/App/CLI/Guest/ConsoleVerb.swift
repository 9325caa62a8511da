import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import Glibc

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
        // The guest's last line is seldom whole.
        if isatty(STDOUT_FILENO) == 1 { session.console.errRaw("\n") }
    }
}
