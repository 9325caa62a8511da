import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import Glibc

struct ConsoleVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Attach the terminal to a VM's serial console.",
        discussion: """
            A serial console needs no network and no ssh in the guest; leave it with ctrl-]. A VM with vm-provider: ssh has no serial \
            console: its login shell is opened over ssh.

            Example:
              atoll console vm-a
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The VM.", completion: .custom(VMCompletion.complete)) var vm: String

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let code = try await ShellUseCase(host: try session.host()).console(files, machine: vm) { session.console.err($0) }
        // The guest's last line is seldom complete.
        if isatty(STDOUT_FILENO) == 1 { session.console.errRaw("\n") }
        if code != 0 { throw VerbExit(code: code) }
    }
}
