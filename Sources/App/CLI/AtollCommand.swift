import ArgumentParser
import AtollEnvironments
import Glibc

/// `atoll`, the root of all verbs.
struct AtollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "atoll",
        abstract: "Virtual machine environments from an init file.",
        discussion: """
            Two commands are enough for an environment:
              atoll up init-examples/two-vms.yaml
              atoll shell vm-a -c 'uname -a'
            And one runs anything in a fresh VM that is thrown away:
              atoll run tiny -- uname -a

            The global options of every verb (atoll help options) may stand before or after it, and any unique beginning of a long option \
            will do. Tab completion: atoll --generate-completion-script bash (or zsh, fish), for example into \
            /etc/bash_completion.d/atoll. Exit codes: 0 done, 2 a mistake that you or the host's owner can mend, 1 a mistake of ours, \
            128 + n ended by signal n; shell and run end with the remote command's, runtask as its help says.
            """,
        version: "atoll \(AtollVersion.text)",
        subcommands: [TaskotronResultVerb.self],
        groupedSubcommands: [
            CommandGroup(name: "Environments", subcommands: [UpVerb.self, InitVerb.self, StartVerb.self, StopVerb.self, DestroyVerb.self]),
            CommandGroup(name: "Looking", subcommands: [StatusVerb.self, ListVerb.self, SetCurrentVerb.self, LogsVerb.self]),
            CommandGroup(name: "Guests", subcommands: [ShellVerb.self, WaitVerb.self, ConsoleVerb.self]),
            CommandGroup(
                name: "Tasks",
                subcommands: [
                    RunVerb.self, RunTaskVerb.self, ResultsCommand.self, RerunVerb.self, ImagesCommand.self, GcVerb.self,
                ]),
            CommandGroup(name: "Init files", subcommands: [ValidateVerb.self, SchemaVerb.self]),
            CommandGroup(name: "Templates and host", subcommands: [TemplateCommand.self, DoctorVerb.self, GenerateConfigVerb.self]),
        ]
    )
}

extension AtollCommand {
    /// Words that have verbs of their own after them.
    static let nouns: [String: any ParsableCommand.Type] = [
        "template": TemplateCommand.self, "results": ResultsCommand.self, "images": ImagesCommand.self,
    ]
}

/// Runs a command line from its words to its exit code.
package enum CommandLineTool {
    /// - Parameter program: the name it was called by.
    package static func run(_ arguments: [String], calledAs program: String = "atoll", runtime: Runtime) async -> Int32 {
        // A reader that goes away (`atoll status | head -1`) is no reason to die by a signal.
        signal(SIGPIPE, SIG_IGN)
        let arguments = ProgramNames.words(program, arguments)
        let normalized = ArgumentNormalizer(verbs: VerbOptions.table).normalize(arguments)
        let console = Console()
        do {
            if normalized == ["help", "options"] {
                console.out(HelpText.options())
                return 0
            }
            if let noun = VerbNames.withoutVerb(normalized) {
                // No verb is no success, as scripts written for Lago expect.
                console.out(AtollCommand.nouns[noun].map { AtollCommand.helpMessage(for: $0) } ?? AtollCommand.helpMessage())
                return 1
            }
            try VerbNames.check(normalized)
            var command = try AtollCommand.parseAsRoot(normalized)
            var runtime = runtime
            runtime.arguments = arguments
            try await Runtime.$current.withValue(runtime) {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            }
            return 0
        } catch {
            return report(error, console, showsHidden: normalized.contains("--help-hidden"))
        }
    }

    private static func report(_ error: any Error, _ console: Console, showsHidden: Bool) -> Int32 {
        let parserCode = AtollCommand.exitCode(for: error)
        if error is CleanExit || parserCode == .success {
            let text = AtollCommand.message(for: error)
            console.out(showsHidden ? text : HelpText.folded(text))
            return 0
        }
        if parserCode == .validationFailure {
            let message = AtollCommand.fullMessage(for: error)
            console.err(message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message)
            return 2
        }
        if let text = Ending.text(of: error) { console.err(text) }
        return Ending.code(of: error)
    }
}
