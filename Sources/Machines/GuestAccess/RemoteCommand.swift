import AtollCommands
import AtollPlatform
import Glibc

/// The remote command of `atoll shell VM [ARGS…]`.
package enum RemoteCommand: Sendable, Equatable {
    /// The login user's shell, on a terminal if standard input is one.
    case loginShell
    /// The path of a local file whose text a shell in the guest runs.
    case script(path: String)
    /// A command line for the login user's shell.
    case line(String)

    /// How several arguments become one command line.
    package enum Joining: Sendable, Equatable {
        /// Each argument is quoted: the guest runs exactly this argument vector.
        case quoted
        /// Joined by spaces, as Lago does: the guest's shell splits them again.
        case unquoted
    }

    /// - No arguments: a login shell.
    /// - One argument that names a local file: a script.
    /// - One other argument: a command line, passed to the shell unchanged.
    /// - Several arguments: one command line, joined as `joining` says.
    /// - A leading `-c`: the rest, joined by spaces, is the command line.
    /// - Parameter isFile: whether a path names a local file; tests replace it.
    package static func make(
        arguments: [String], joining: Joining = .quoted, isFile: (String) -> Bool = Self.isLocalFile
    ) -> RemoteCommand {
        if arguments.count == 1, let path = arguments.first, isFile(path) { return .script(path: path) }
        let isLine = arguments.first == "-c"
        let words = isLine ? Array(arguments.dropFirst()) : arguments
        let isQuoted = !isLine && words.count > 1 && joining == .quoted
        let line = isQuoted ? ShellWord.joined(words) : words.joined(separator: " ")
        return line.allSatisfy(\.isWhitespace) ? .loginShell : .line(line)
    }

    /// Whether `path` is a regular file here (links followed).
    package static func isLocalFile(_ path: String) -> Bool {
        (SystemCall.status(path)?.st_mode).map { $0 & S_IFMT == S_IFREG } ?? false
    }

    /// Command line that runs a script from standard input: with bash if the guest has it, as Lago's scripts expect, else with sh.
    package static let scriptShell = "if command -v bash >/dev/null 2>&1; then exec bash -s; else exec sh -s; fi"
}
