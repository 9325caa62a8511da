import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import OrderedCollections
import AtollPlatform
import Glibc

struct StatusVerb: QueryVerb {
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
        session.show(try await StatusUseCase(host: try session.host()).document(files) { session.console.err(SafeText.lines($0)) })
    }
}

struct ListVerb: QueryVerb {
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

    func execute(_ session: Session) async throws {
        let workdir = try session.locator.workdir()
        try workdir.setCurrent(name)
        session.finish("done", ["workdir": .string(workdir.path), "current": .string(name)])
    }
}

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
            let environment = try SavedEnvironment.load(files)
            path = files.console(try environment.machine(matching: vm).name)
            // After 2 MB virtlogd goes on in a file that only root may read; what came before is still ours.
            if access(path, R_OK) != 0, access(path + ".0", R_OK) == 0 { path += ".0" }
        }
        guard SystemCall.exists(path) else {
            throw EnvironmentError(
                .notFound, "\(path) is not there: nothing was logged yet\(vm.map { "; start \($0) with: atoll start \($0)" } ?? "")")
        }
        var all = GuestText.printable(try AtomicFile.text(path)).split(separator: "\n", omittingEmptySubsequences: false)[...]
        if all.last == "" { all.removeLast() }
        if let lines { all = all.suffix(lines.value) }
        if session.format == .json { return session.show(["path": .string(path), "lines": .list(all.map { .string(String($0)) })]) }
        if all.isEmpty { return session.console.err("\(path) is empty: nothing was written yet") }
        session.console.out(all.joined(separator: "\n"))
    }
}
