import AtollCommands
import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlatform
import OrderedCollections

struct LogsVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show a VM's console log, or the prefix's own log.",
        discussion: """
            Examples:
              atoll logs            # what the verbs did
              atoll logs vm-a       # what vm-a wrote on its serial console
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: [.customShort("n"), .customLong("lines")], help: "Only the last N lines.") var lines: Positive?
    @Argument(help: "The VM.", completion: .custom(VMCompletion.complete)) var vm: String?

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        try files.checkReadable()
        var path = files.log
        if let vm {
            let machine = try SavedEnvironment.load(files).machine(matching: vm)
            let log = ConsoleLog(files.console(machine.name))
            path = log.path
            guard machine.isLocal || SystemCall.exists(path) else {
                throw EnvironmentError(
                    .notFound,
                    "no console log of VM '\(machine.name)': its vm-provider is ssh\nhint: \(session.command("shell")) "
                        + "\(ShellWord.quoted(machine.name)) dmesg")
            }
            if log.isBehind {
                session.console.err(
                    "note: newer lines are in a file that only root may read; see them with: sudo \(session.command("logs")) \(ShellWord.quoted(vm))"
                )
            }
        }
        guard SystemCall.exists(path) else {
            throw EnvironmentError(
                .notFound,
                "\(path) is not there: nothing was logged yet\(vm.map { "; start it with: \(session.command("start")) \(ShellWord.quoted($0))" } ?? "")"
            )
        }
        var all = GuestText.printable(try AtomicFile.text(path)).split(separator: "\n", omittingEmptySubsequences: false)[...]
        if all.last == "" { all.removeLast() }
        if let lines { all = all.suffix(lines.value) }
        if session.format == .json { return session.show(["path": .string(path), "lines": .list(all.map { .string(String($0)) })]) }
        if all.isEmpty { return session.console.err("\(path) is empty: nothing was written yet") }
        session.console.out(all.joined(separator: "\n"))
    }
}
