import AtollHostPorts
import AtollClaims
import AtollEnvironments
import AtollModel
import AtollTopology

/// `init --dry-run` and `validate`: resolve as far as an init file alone allows, changing nothing.
enum DryRun {
    static func show(_ session: Session, _ request: InitRequest) async throws {
        let (environment, warnings) = try await check(session, request)
        for warning in warnings { session.console.err("\(warning)") }
        session.show(Topology.document(environment))
    }

    /// Resolves over the observed host; without a libvirt that answers, over the leases and routes alone, saying so.
    /// - Returns: also the warnings, with what only a real init would refuse; in file order.
    /// - Throws: `InvalidInput` with every error and warning of the file.
    static func check(_ session: Session, _ request: InitRequest) async throws -> (environment: Environment, warnings: [Diagnostic]) {
        let host = try session.host()
        var networks: [ObservedNetwork] = []
        var hasLibvirt = true
        do {
            networks = try await host.networks.networks()
            for warning in networks.compactMap(\.warning) { session.console.err(warning) }
        } catch {
            hasLibvirt = false
            session.console.err(
                "note: libvirt does not answer at \(session.options.libvirtURL), so subnets of its networks are not looked at; see: atoll doctor"
            )
        }
        var generator = SystemRandomNumberGenerator()
        let found = try Resolution.examine(
            file: request.file, defaults: request.defaults, leases: host.leases, routes: host.routes(), networks: networks, taken: [],
            generator: &generator)
        var missing = await ReferenceCheck(variables: request.variables, templates: host.templates).findings(found.spec, as: .warning)
        if hasLibvirt { missing += await HardwareCheck(host.hardware).findings(found.spec, as: .warning) }
        let all = found.findings(and: missing)
        guard let environment = found.environment, all.allSatisfy({ $0.severity != .error }) else { throw InvalidInput(all) }
        return (environment, all)
    }
}
