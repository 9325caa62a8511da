import ArgumentParser
import AtollModel
import AtollTemplates
import OrderedCollections

struct TemplateRemoveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a template that nothing depends on.",
        discussion: """
            Example:
              atoll template remove atoll:tiny:1
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "The template.") var name: String

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let candidate = try catalog.candidate(name)
        try await catalog.store.remove(candidate.name, events: nil)
        session.finish("done", ["removed": [.string(candidate.name.description)]], text: "Removed \(candidate.name)")
    }
}
