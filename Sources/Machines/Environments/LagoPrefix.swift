import AtollHostPorts
import AtollModel
import AtollPlatform
import OrderedCollections

/// A prefix that Lago made: it is listed, shown, started, stopped and destroyed like ours, but what Lago itself started carries no mark.
enum LagoPrefix {
    static func isLagos(_ files: PrefixFiles) -> Bool {
        guard SystemCall.exists(files.virtEnvironment) else { return false }
        let metadata = (try? AtomicFile.text(files.metadata, limit: 1 << 16)) ?? ""
        return !metadata.contains("\"atoll_version\"")
    }

    /// Unmarked domains and networks are never touched, but removing the disks below a running machine would lose what it holds.
    /// - Throws: `.refused`, naming each with the command that ends it.
    static func refuseWhatLagoRuns(_ files: PrefixFiles, of environment: Environment, on host: Host) async throws {
        guard isLagos(files) else { return }
        let domains = Set(environment.machines.keys.map(environment.libvirtName(ofMachine:)))
        let networks = Set(environment.networks.keys.map(environment.libvirtName(ofNetwork:)))
        var commands = try await host.domains.domains().filter { $0.owner == nil && domains.contains($0.name) }
            .map { "virsh destroy \($0.name)" }.sorted()
        commands += try await host.networks.networks().filter { $0.owner == nil && networks.contains($0.name) }
            .map { "virsh net-destroy \($0.name)" }.sorted()
        guard commands.isEmpty else {
            throw EnvironmentError(
                .refused,
                "\(files.path) was made and started by Lago, and what carries no mark of ours is never touched. "
                    + "End it first with: lago stop, or: \(commands.joined(separator: "; "))")
        }
    }
}
