import AtollHostPorts
import ArgumentParser
import AtollPlanning
import AtollTemplates

struct TemplateVerifyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash templates again and compare.",
        discussion: """
            Without a name, all of them. Exit 2 when one is not what it was.

            Example:
              atoll template verify tiny
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "Templates.") var names: [String] = []

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let wanted = try names.isEmpty ? catalog.store.list().map(\.name) : names.map { try catalog.candidate($0).name }
        var verified: [StoredTemplate?] = []
        var bad: [String] = []
        for name in wanted {
            do {
                verified.append(
                    try await session.runTemplateStep("verify", "verify \(name)") { try await catalog.store.verify(name, events: $0) })
            } catch let failure as PlanFailure where failure.signal == nil {
                // One bad template is no reason not to look at the others.
                bad += failure.failed.map { "\($0.title): \($0.error)" }
            }
        }
        guard bad.isEmpty else { throw EnvironmentError(.refused, bad.joined(separator: "\nerror: ")) }
        try await session.finish(with: verified, in: catalog)
    }
}
