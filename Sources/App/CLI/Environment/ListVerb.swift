import AtollEnvironments
import ArgumentParser
import AtollModel

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
