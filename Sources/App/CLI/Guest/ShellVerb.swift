import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import Glibc

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

    /// As other tools' `--`, a first one only says where the guest's words begin.
    var guestWords: [String] { command.first == "--" ? Array(command.dropFirst()) : command }

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let code: Int32
        do { code = try await ShellUseCase(host: try session.host()).run(files, machine: vm, arguments: guestWords) } catch let error
            as GuestAccessError where error.code == .failed && Console.isAbandoned(STDOUT_FILENO)
        {
            // `atoll shell vm-a ls | head -1`: who read had enough.
            throw VerbExit(code: 128 + SIGPIPE)
        }
        if code != 0 { throw VerbExit(code: code) }
    }
}
