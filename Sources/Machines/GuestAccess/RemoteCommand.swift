import AtollPlatform
import Glibc

/// What `atoll shell VM ARGS…` asks for.
package enum RemoteCommand: Sendable, Equatable {
    /// The login user's shell, at a terminal when there is one.
    case loginShell
    /// A local file whose text a shell in the guest runs.
    case script(path: String)
    /// A line for the login user's shell.
    case line(String)

    /// - No arguments: a login shell.
    /// - One argument that names a local file: a script.
    /// - Else the arguments joined by spaces, after dropping a leading `-c`: the guest's shell splits them again, as ssh's does.
    /// - Parameter isFile: whether a path names a local file; tests replace it.
    package static func make(arguments: [String], isFile: (String) -> Bool = Self.isLocalFile) -> RemoteCommand {
        if arguments.count == 1, let path = arguments.first, isFile(path) { return .script(path: path) }
        let words = arguments.first == "-c" ? Array(arguments.dropFirst()) : arguments
        let line = words.joined(separator: " ")
        return line.allSatisfy(\.isWhitespace) ? .loginShell : .line(line)
    }

    /// Whether `path` is a regular file here (links followed).
    package static func isLocalFile(_ path: String) -> Bool {
        (SystemCall.status(path)?.st_mode).map { $0 & S_IFMT == S_IFREG } ?? false
    }

    /// What reads a script from its input: bash where the guest has it, as Lago's scripts expect, else its sh.
    package static let scriptShell = "if command -v bash >/dev/null 2>&1; then exec bash -s; else exec sh -s; fi"
}
