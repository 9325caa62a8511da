import ArgumentParser
import AtollTemplates

struct TemplateFetchVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Bring a template of the repository into the store.",
        discussion: """
            Example:
              atoll template fetch el9-base --template-repo-path repo.json
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Option(name: .customLong("version-name"), help: "Version (default: the latest).") var versionName: String?
    @Argument(help: "The template.") var name: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let name = name
        let version = versionName
        let made = try await session.runTemplateStep("fetch", "fetch template \(name)") {
            try await catalog.fetch(name, version: version, events: $0)
        }
        try await session.finish(with: [made], in: catalog)
    }
}
