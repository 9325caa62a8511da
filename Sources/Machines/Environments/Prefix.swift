package import AtollHostPorts
import AtollClaims
package import AtollModel
import AtollPlanning
import AtollPlatform
import AtollVirtXML
import Glibc
import OrderedCollections

/// What every changing use case does first on a prefix: take its lock, make sure what it is, open its journal.
enum Prefix {
    /// - Parameter mayBeGone: whether a prefix that only the registry still knows will do.
    static func exclusively<T: Sendable>(
        _ files: PrefixFiles, host: Host, context: VerbContext, mayBeGone: Bool = false, _ body: (Journal?) async throws -> T
    ) async throws -> T {
        let lock = try await PrefixLock.acquire(files, root: host.stateRoot, context: context)
        defer { lock.release() }
        guard SystemCall.isDirectory(files.path) else {
            if mayBeGone, try host.registry.find(path: files.path) != nil { return try await body(nil) }
            throw EnvironmentError(.notFound, "there is no prefix at \(files.path) any more; another verb may have destroyed it just now")
        }
        try PrefixAccess.check(files, changing: true)
        guard files.isPrefix else {
            throw EnvironmentError(.refused, "\(files.path) is no prefix that Atoll or Lago made; it is left alone")
        }
        try await PrefixHome.check(files, host: host, note: context.note)
        // An environment made by Lago has no directory of ours yet.
        try Directories.make(files.own, mode: 0o750)
        return try await body(try Journal(path: files.journal, verb: context.verb))
    }
}

extension PrefixFiles {
    /// - Throws: `.refused` when it is another user's, naming them.
    package func checkReadable() throws { try PrefixAccess.check(self, changing: false) }

    /// The prefix's name: its directory's.
    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

extension Environment {
    /// The bridge device of a nat or isolated network.
    func bridgeName(ofNetwork name: String) -> String { HostNames.bridge(id, name) }

    /// Name of a VM's domain on the host.
    package func libvirtName(ofMachine name: String) -> String { HostNames.domain(id, name) }
    /// Name of a network on the host.
    package func libvirtName(ofNetwork name: String) -> String {
        // The only error is a limit below 6 characters, and ours is 15.
        (try? HostNames.network(id, name)) ?? HostNames.bridge(id, name)
    }

    /// Name of a network's filter on the host.
    func filterName(ofNetwork name: String) -> String { HostNames.filter(id, name) }

    /// The machines of these names, in the environment's order; all when there are no names.
    /// - Throws: `.notFound`, naming every unknown one and what there is.
    package func selecting(_ names: [String]) throws -> [Machine] {
        let unknown = names.filter { machines[$0] == nil }
        guard unknown.isEmpty else {
            let known = machines.isEmpty ? "this environment has none" : "there are: \(machines.keys.joined(separator: ", "))"
            throw EnvironmentError(.notFound, "The following vms do not exist: \(unknown.joined(separator: ", ")); \(known)")
        }
        return machines.values.filter { names.isEmpty || names.contains($0.name) }
    }
}
