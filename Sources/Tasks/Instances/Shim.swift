import AtollCommands

/// The small POSIX shell program through which every command of a task runs, here and in guests: it enters the directory, sets the
/// variables, notes its process group so that the command can be ended with everything it started, and becomes the command.
///
/// It needs a shell, `cat`, `kill`, `rm`, `sleep` and, where login sessions do not lead a process group of their own, setsid.
package struct Shim: Sendable, Equatable {
    /// Where the shim lies in the instance; its notes lie beside it.
    package let path: String

    package init(path: String) { self.path = path }

    /// The words that run `command`, for a shell or an exec: nothing in them is looked at twice.
    /// - Parameter number: tells apart the commands of one run.
    package func words(_ command: InstanceCommand, number: Int) -> [String] {
        var words = ["sh", path, "--run", String(number)]
        if let directory = command.directory { words += ["--directory", directory] }
        for (name, value) in command.environment.sorted(by: { $0.key < $1.key }) { words += ["--env", "\(name)=\(value)"] }
        words += command.forwarded
        switch command.program {
        case .arguments(let arguments): return words + ["--"] + arguments
        case .script: return words + ["--script", "--"]
        }
    }

    /// The words that end the command of that number and everything it started: TERM, then KILL after five seconds.
    package func endWords(number: Int) -> [String] { ["sh", path, "--end", String(number)] }

    /// The words of the run's guard on a machine that stays: it reads `also PATH` for what else is the run's, and `done`. When its input
    /// ends without that, whoever ran the task may be gone: after `grace`, once no other guard has taken over and the connection of the
    /// commands is gone too, it ends the run's commands and removes everything of the run. It says `ready` first.
    func guardWords(grace: Int) -> [String] { ["sh", path, "--guard", String(grace)] }

    /// The words for a shell that reads `text`: they end what goes on of the run in `directory` and remove that and `others`. Not done, with
    /// a sentence, where something that is mounted there cannot be taken off.
    static func clearWords(_ directory: String, others: [String]) -> [String] { ["sh", "-s", "--", "--clear", directory] + others }

    /// One line for a login shell.
    package static func line(_ words: [String]) -> String { ShellWord.joined(words) }

    /// `shim.sh`, which the build puts into the program. Its own exit code is 125: it could not enter the directory or was called wrongly.
    /// Shells use 126 and 127 for the command itself.
    package static let text = String(decoding: PackageResources.shim_sh, as: UTF8.self)
}
