import AtollClaims
import AtollEnvironments
import AtollInitFile
import AtollModel
import AtollTopology

/// `init --dry-run` and `validate`: resolve as far as an init file alone allows, changing nothing.
enum DryRun {
    static func show(_ session: Session, _ request: InitRequest) async throws {
        let resolution = try await resolve(session, request)
        await report(session, resolution, request)
        session.show(Topology.document(resolution.environment))
    }

    /// Resolves over the observed host; without a libvirt that answers, over the leases and routes alone, saying so.
    static func resolve(_ session: Session, _ request: InitRequest) async throws -> Resolution {
        let host = try session.host()
        var networks: [ObservedNetwork] = []
        do { networks = try await host.networks.networks() } catch {
            session.console.err(
                "note: libvirt does not answer at \(session.options.libvirtURL), so subnets of its networks are not looked at; see: atoll doctor"
            )
        }
        var generator = SystemRandomNumberGenerator()
        return try Resolution.make(
            file: request.file, defaults: request.defaults, leases: host.leases, routes: host.routes(), networks: networks, taken: [],
            generator: &generator)
    }

    /// Prints the warnings of the file, and what only a real init would refuse; returns them.
    @discardableResult
    static func report(_ session: Session, _ resolution: Resolution, _ request: InitRequest) async -> [Diagnostic] {
        let templates = try? session.host().templates
        let missing = await ReferenceCheck(variables: request.variables, templates: templates).findings(resolution.spec, as: .warning)
        let all = resolution.warnings + missing
        for warning in all { session.console.err("\(warning)") }
        return all
    }
}
