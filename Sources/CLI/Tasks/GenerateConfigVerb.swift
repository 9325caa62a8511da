import ArgumentParser
import AtollSettings
import Foundation

struct GenerateConfigVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "generate-config", abstract: "Print the settings in force as a file to start from.",
        discussion: """
            Without --tasks it is atoll.conf, with it taskotron.yaml: every key with what it means; a key that is not set is a comment.

            Examples:
              atoll generate-config > ~/.config/atoll/atoll.conf
              atoll generate-config --tasks > ~/.config/taskotron/taskotron.yaml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: .customLong("tasks"), help: "The settings of task runs.") var tasks = false
    @Flag(name: .customLong("verbose"), help: "Also what has no value, and defaults as if they were set.") var verbose = false

    func execute(_ session: Session) async throws {
        let text =
            tasks
            ? try TaskSession(session).settings.render(pinned: verbose)
            : session.settings.render(verbose: verbose, date: Date().formatted(.iso8601))
        session.console.write(Array(text.utf8), to: 1)
    }
}
