import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlatform
import Glibc

struct StatusVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show a prefix: networks, VMs, addresses, states.",
        discussion: """
            Examples:
              atoll status
              atoll -f json status
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        session.show(try await StatusUseCase(host: try session.host()).document(files))
    }
}

struct ListVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the prefixes of a workdir.",
        discussion: """
            Example:
              atoll list
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The workdir (default: the one found from here).", completion: .directory) var workdir: String?

    func execute(_ session: Session) async throws {
        var locator = session.locator
        if let workdir { locator.workdirPath = session.absolute(workdir) }
        session.show(.list(try locator.workdir().prefixNames().map(Value.string)))
    }
}

struct SetCurrentVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "set-current", abstract: "Choose the prefix that verbs work on when none is named.",
        discussion: """
            Example:
              atoll set-current default
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The prefix.") var name: String

    func execute(_ session: Session) async throws { try session.locator.workdir().setCurrent(name) }
}

struct LogsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show a VM's console log, or the prefix's own log.",
        discussion: """
            Examples:
              atoll logs            # what the verbs did
              atoll logs vm-a       # what vm-a wrote on its serial console
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: [.customShort("n"), .customLong("lines")], help: "Only the last N lines.") var lines: Int?
    @Argument(help: "The VM.", completion: .custom(VMCompletion.complete)) var vm: String?

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        var path = files.log
        if let vm {
            let environment = try SavedEnvironment.load(files)
            path = files.console(try environment.machine(matching: vm).name)
            // After 2 MB virtlogd goes on in a file that only root may read; what came before is still ours.
            if access(path, R_OK) != 0, access(path + ".0", R_OK) == 0 { path += ".0" }
        }
        guard SystemCall.exists(path) else {
            throw EnvironmentError(.notFound, "\(path) is not there: nothing was logged yet\(vm.map { "; start \($0) with: atoll start \($0)" } ?? "")")
        }
        let text = GuestText.printable(try AtomicFile.text(path))
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        session.console.out((lines.map { all.suffix($0 + (all.last == "" ? 1 : 0)) } ?? all[...]).joined(separator: "\n"))
    }
}
