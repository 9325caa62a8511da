import AtollHostPorts
import AtollClaims
import AtollModel
import AtollPlatform
import OrderedCollections

/// Whether a directory is the home of the prefix it claims to be: names on the host, images and marks all follow the uuid, so a copy of a
/// prefix must never act on what belongs to the original.
enum PrefixHome {
    /// Refuses a copy; takes a moved prefix in at its new place.
    static func check(_ files: PrefixFiles, host: Host, note: (String) -> Void) async throws {
        guard let id = files.id, let entry = try host.registry.find(id), entry.path != files.path else { return }
        if PrefixFiles(path: entry.path).id == id {
            throw EnvironmentError(
                .refused,
                "\(files.path) is a copy of the prefix at \(entry.path); the VMs and disks on this host belong to that one. "
                    + "Work there, or remove the copy's directory yourself")
        }
        note("the prefix of \(entry.path) is at \(files.path) now")
        var moved = entry
        moved.path = files.path
        try host.registry.register(moved)
        guard let environment = try? SavedEnvironment.load(files) else { return }
        // A lease is held through the place of the uuid file, so the old ones lapsed with the move.
        let leases = LeaseStore(directory: entry.leaseDirectory)
        for subnet in environment.networks.values.compactMap(\.subnet) where subnet.isLeased {
            try await leases.take(subnet, for: LeaseOwner(uuidPath: files.uuid, uuid: id.hex))
        }
    }

    /// What of a prefix is still on the host although its directory is gone; empty when nothing is.
    static func remains(of id: PrefixID, host: Host) async throws -> [String] {
        var found = try await host.domains.domains().filter { $0.owner == id }.map { "VM \($0.name)" }
        found += try await host.networks.networks().filter { $0.owner == id }.map { "network \($0.name)" }
        found += try await host.filters.filters().filter { $0.owner == id }.map { "network filter \($0.name)" }
        if SystemCall.exists(host.stateRoot.images(of: id)) { found.append("disk images") }
        return found.sorted()
    }
}
