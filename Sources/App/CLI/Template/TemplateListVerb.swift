import ArgumentParser
import AtollModel
import AtollPlatform
import AtollTemplates

struct TemplateListVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the templates in the store.",
        discussion: """
            Example:
              atoll template list
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let (templates, unreadable) = try await Blocking.run { try catalog.store.listWithDependants() }
        for path in unreadable { session.console.err("warning: \(path) cannot be read; what it backs on is not known") }
        let notes = try await Blocking.run { templates.map { catalog.note(on: $0.template) } }
        if session.format == .json {
            session.show(
                .list(zip(templates, notes).map { TemplateDocuments.document($0.template, usedBy: $0.usedBy, note: $1) }))
        } else if templates.isEmpty {
            session.console.out("The store is empty. Build a template: atoll template build tiny")
        } else {
            session.console.out(
                Table.render(TemplateDocuments.columns, templates.map { TemplateDocuments.row($0.template, usedBy: $0.usedBy) }))
            for note in notes.compactMap(\.self) { session.console.err("warning: \(note)") }
        }
    }
}
