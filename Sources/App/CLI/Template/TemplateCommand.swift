import ArgumentParser

/// `atoll template`: the noun; its verbs are beside it.
struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Look after the template store.",
        discussion: """
            Templates are verified images that VM disks are layered on. They are named repository:template:version.

            Examples:
              atoll template list
              atoll template build tiny
              atoll template import disk.qcow2 --name mine
            """,
        subcommands: [
            TemplateListVerb.self, TemplateShowVerb.self, TemplateFetchVerb.self, TemplateBuildVerb.self, TemplateImportVerb.self,
            TemplateVerifyVerb.self, TemplateRemoveVerb.self, TemplateGCVerb.self,
        ])
}

/// Flags that say which repository and store.
struct StoreOptions: ParsableArguments {
    @Option(name: .customLong("template-repo-path"), help: "Template repository: a JSON file (default: the shipped one).")
    var templateRepoPath: String?
    @Option(name: .customLong("template-store"), help: "Template store (default: store below the state root).")
    var templateStore: String?

    /// The session with these in force.
    func applied(to session: Session) -> Session { session.withTemplates(repoPath: templateRepoPath, store: templateStore) }
}
