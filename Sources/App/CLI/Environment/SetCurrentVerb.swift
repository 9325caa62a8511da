import AtollEnvironments
import ArgumentParser
import AtollModel
import OrderedCollections

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
