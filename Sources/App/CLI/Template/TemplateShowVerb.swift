import ArgumentParser
import AtollTemplates

struct TemplateShowVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one template: digests, sizes, metadata, what depends on it.",
        discussion: """
            Example:
              atoll template show tiny
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "Name, or repository:template:version.") var name: String

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let candidate = try catalog.candidate(name)
        let template = try catalog.store.show(candidate.name)
        session.show(
            TemplateDocuments.document(template, usedBy: try catalog.store.dependants(of: candidate.name), note: catalog.note(on: template))
        )
    }
}
