import ArgumentParser
import AtollEnvironments
import Glibc

/// `atoll`, the root of all verbs.
struct AtollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "atoll",
        abstract: "Virtual machine environments from an init file.",
        discussion: """
            Two commands are enough to begin:
              atoll up init-examples/two-vms.yaml
              atoll shell vm-a -c 'uname -a'

            The global options of every verb may stand before or after it, and any unique beginning of a long option will do. \
            Exit codes: 0 done, 2 a mistake that you or the host's owner can mend, 1 a mistake of ours, 128 + n ended by signal n; \
            shell ends with the remote command's.
            """,
        version: "atoll \(AtollVersion.text)",
        groupedSubcommands: [
            CommandGroup(name: "Environments", subcommands: [UpVerb.self, InitVerb.self, StartVerb.self, StopVerb.self, DestroyVerb.self]),
            CommandGroup(name: "Looking", subcommands: [StatusVerb.self, ListVerb.self, SetCurrentVerb.self, LogsVerb.self]),
            CommandGroup(name: "Guests", subcommands: [ShellVerb.self, WaitVerb.self, ConsoleVerb.self]),
            CommandGroup(name: "Init files", subcommands: [ValidateVerb.self, SchemaVerb.self]),
            CommandGroup(name: "Templates and host", subcommands: [TemplateCommand.self, DoctorVerb.self]),
        ]
    )
}

/// Runs a command line from its words to its exit code.
public enum CommandLineTool {
    public static func run(_ arguments: [String], runtime: Runtime) async -> Int32 {
        // A reader that goes away (`atoll status | head -1`) is no reason to die by a signal.
        signal(SIGPIPE, SIG_IGN)
        let normalized = ArgumentNormalizer(verbs: VerbOptions.table).normalize(arguments)
        let console = Console()
        do {
            if let noun = VerbNames.withoutVerb(normalized) {
                // No verb is no success, as scripts written for Lago expect.
                console.out(noun.isEmpty ? AtollCommand.helpMessage() : AtollCommand.helpMessage(for: TemplateCommand.self))
                return 1
            }
            try VerbNames.check(normalized)
            var command = try AtollCommand.parseAsRoot(normalized)
            try await Runtime.$current.withValue(runtime) {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            }
            return 0
        } catch {
            return report(error, console)
        }
    }

    private static func report(_ error: any Error, _ console: Console) -> Int32 {
        let parserCode = AtollCommand.exitCode(for: error)
        if error is CleanExit || parserCode == .success {
            console.out(AtollCommand.message(for: error))
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
