import AtollHostPorts
import AtollClaims
import AtollEnvironments
import AtollPlanning

/// Removes a run's VM, whatever became of it, and then its directory. It works from what the host shows, as destroy does.
struct Disposal: Sendable {
    var host: AtollEnvironments.Host
    var failpoints = Failpoints.off
    var note: @Sendable (String) -> Void

    func remove(_ directory: RunDirectory) async throws {
        try await clear(directory)
        try directory.remove()
    }

    /// The VM alone; its run may make another.
    func clear(_ directory: RunDirectory) async throws {
        let files = PrefixFiles(path: directory.workdir + "/" + RunDirectory.prefixName)
        let isRegistered = try host.registry.find(path: files.path) != nil
        if files.isPrefix || isRegistered {
            // A context of its own: what interrupted the run must not interrupt its cleaning up.
            let context = VerbContext(verb: "destroy", failpoints: failpoints, note: note)
            do {
                try await DestroyUseCase(host: host, context: context).run(Locator.Found(workdir: nil, files: files))
            } catch let error as PlanFailure {
                throw DisposableError(.lost, error.failed.map { "\($0.title): \($0.error)" }.joined(separator: "; "))
            }
        }
    }
}
