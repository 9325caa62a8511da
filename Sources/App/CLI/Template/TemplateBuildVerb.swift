import ArgumentParser
import AtollTemplates

struct TemplateBuildVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a shipped recipe's template anew.",
        discussion: """
            Recipes are the directories below templates/images. Verbs that need a template build it by themselves when it is missing.

            Examples:
              atoll template build tiny
              atoll template build debian-12
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "The recipe.") var name: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let name = name
        let made = try await session.runTemplateStep("build", "build template \(name)") { try await catalog.build(name, events: $0) }
        try await session.finish(with: [made], in: catalog)
    }
}
