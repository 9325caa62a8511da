import AtollDocuments
import ArgumentParser
import AtollInitFile

struct SchemaVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of init files, for editors.",
        discussion: """
            Example:
              atoll schema > atoll.schema.json
              # then, in the init file's first line:  # yaml-language-server: $schema=atoll.schema.json
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws {
        session.console.out(ValueJSON.render(InitFileSchema.document, indent: 2, sorted: false))
    }
}
