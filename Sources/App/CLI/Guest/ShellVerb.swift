import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import Glibc

struct ShellVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Run a command, a script or a terminal in a VM.",
        usage: "atoll shell [options] VM [-c] [COMMAND...]",
        discussion: """
            Options come before the VM's name; everything after it goes to the guest. Without a command, a login shell on a terminal. \
            One word that is a local file is run in the guest as a script; any other single word is a shell command line, as is the \
            text after -c. Several words are one command and its arguments, each passed unchanged. (Called as lago, several words \
            are joined by spaces.) Exit code: the remote command's, or 128 + signal.

            Examples:
              atoll shell vm-a
              atoll shell vm-a 'ls /etc | wc -l'
              atoll shell vm-a touch 'a name with spaces'
              atoll shell vm-a -c 'uname -a'
              tar c . | atoll shell vm-a tar x -C /srv
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The VM, or the end of its name.", completion: .custom(VMCompletion.complete)) var vm: String
    @Argument(parsing: .captureForPassthrough, help: "Command and arguments.") var command: [String] = []

    /// The remote command; a leading `--` ends the options and is dropped.
    var guestWords: [String] { command.first == "--" ? Array(command.dropFirst()) : command }

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        let command = RemoteCommand.make(arguments: guestWords, joining: session.runtime.isLago ? .unquoted : .quoted)
        let code: Int32
        do {
            code = try await ShellUseCase(host: try session.host()).run(files, machine: vm, command: command)
        } catch let error as GuestAccessError where error.code == .failed && Console.isAbandoned(STDOUT_FILENO) {
            // `atoll shell vm-a ls | head -1`: the reader of standard output has exited.
            throw VerbExit(code: 128 + SIGPIPE)
        }
        if code != 0 { throw VerbExit(code: code) }
    }
}
