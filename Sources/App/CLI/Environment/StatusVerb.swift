import ArgumentParser
import AtollEnvironments
import AtollModel

struct StatusVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show a prefix: networks, VMs, addresses, states.",
        discussion: """
            Examples:
              atoll status
              atoll -f json status
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws {
        let files = try session.locator.prefix().files
        session.show(try await StatusUseCase(host: try session.host()).document(files) { session.console.err(SafeText.lines($0)) })
    }
}
