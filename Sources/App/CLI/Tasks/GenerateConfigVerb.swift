import AtollTaskRuns
import AtollSettings
import AtollCommands
import ArgumentParser
import AtollPlatform
import Foundation

struct GenerateConfigVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "generate-config", abstract: "Print the settings in force as a file to start from.",
        discussion: """
            Without --tasks it is atoll.conf, with it taskotron.yaml: every key with what it means; a key that is not set is a comment. \
            --output makes the directory too, and leaves a file that is there alone (exit code 2).

            Examples:
              atoll generate-config --output ~/.config/atoll/atoll.conf
              atoll generate-config --tasks --output ~/.config/taskotron/taskotron.yaml
              atoll generate-config --tasks --verbose
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("tasks"), help: "The settings of task runs.") var tasks = false
    @Flag(name: .customLong("verbose"), help: "Also what has no value, and defaults as if they were set.") var verbose = false
    @Option(name: .customLong("output"), help: "Write to this new file.", completion: .file()) var output: String?

    func execute(_ session: Session) async throws {
        let path = output.map(session.absolute)
        if let path, SystemCall.exists(path) {
            let again = "atoll generate-config\(tasks ? " --tasks" : "") | diff \(ShellWord.joined([path])) -"
            throw UsageError("\(path) is there already, and is left as it is; see what would be new: \(again)")
        }
        let text =
            tasks
            ? try TaskSession(session).settings.render(pinned: verbose)
            : session.settings.render(verbose: verbose, date: Date().formatted(.iso8601))
        guard let path else { return session.console.write(Array(text.utf8), to: 1) }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try Directories.make(String(path[..<slash])) }
        // There may be passwords in it.
        try AtomicFile.write(text, to: path, mode: 0o600)
        session.console.err("written: \(path)")
    }
}
