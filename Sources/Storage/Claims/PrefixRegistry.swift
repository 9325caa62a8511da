package import AtollModel
import AtollPlatform
package import Foundation
import Glibc

/// Registry entry of one prefix: written before the prefix creates anything on the host, removed when everything is cleaned up.
package struct RegisteredPrefix: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable { case initializing, ready }
    /// Absolute path of the prefix directory.
    package var path: String
    /// 32 hex digits.
    package var uuid: String
    /// Time of registration.
    package var created: Date
    /// Process and verb that registered it.
    package var pid: Int32
    package var verb: String
    /// Directory of its subnet leases.
    package var leaseDirectory: String
    package var state: State

    package init(
        path: String, id: PrefixID, created: Date = Date(), pid: Int32 = getpid(), verb: String,
        leaseDirectory: String = LeaseStore.defaultDirectory, state: State = .initializing
    ) {
        self.path = path
        uuid = id.hex
        self.created = created
        self.pid = pid
        self.verb = verb
        self.leaseDirectory = leaseDirectory
        self.state = state
    }

    /// The uuid as an identity; nil only if the entry was edited by hand.
    package var id: PrefixID? { PrefixID(uuid) }
}

/// Registry of all prefixes on this host, of all users: new names are checked against it, and no template used by one is collected.
package struct PrefixRegistry: Sendable, Equatable {
    package let root: StateRoot

    package init(_ root: StateRoot) { self.root = root }

    /// Path of the entry of this prefix.
    package func file(_ id: PrefixID) -> String { "\(root.prefixes)/\(id.hex).json" }

    /// Writes or replaces the entry.
    package func register(_ entry: RegisteredPrefix) throws {
        guard let id = entry.id else { throw ClaimError(.malformed, "cannot register the prefix: invalid uuid '\(entry.uuid)'") }
        try root.prepare()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        do {
            try AtomicFile.write(try encoder.encode(entry) + Data("\n".utf8), to: file(id), mode: 0o664)
        } catch let error as PlatformError {
            throw ClaimError(error, "cannot register the prefix: \(error)")
        }
    }

    /// Removes the entry. No-op if there is none.
    package func remove(_ id: PrefixID) throws {
        guard unlink(file(id)) != 0, errno != ENOENT else { return }
        let cause = SystemCall.failure("remove '\(file(id))'")
        throw ClaimError(cause, cause.message)
    }

    /// All entries, oldest first, and a warning for each invalid file. A missing registry is empty.
    package func list() throws -> (entries: [RegisteredPrefix], warnings: [String]) {
        let names: [String]
        do { names = try Directories.list(root.prefixes) } catch let error as PlatformError {
            throw ClaimError(
                error,
                "cannot read the registered prefixes: \(error)\nhint: join group libvirt (sudo usermod -aG libvirt $USER, then log in again) or run"
                    + " scripts/setup")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        var entries: [RegisteredPrefix] = []
        var warnings: [String] = []
        for name in names where name.hasSuffix(".json") {
            let file = root.prefixes + "/" + name
            do {
                let entry = try decoder.decode(RegisteredPrefix.self, from: Data(try AtomicFile.read(file, limit: 1 << 16)))
                guard entry.id?.hex == String(name.dropLast(5)) else { throw ClaimError(.malformed, "file name and uuid differ") }
                entries.append(entry)
            } catch {
                // Removed since the listing.
                guard SystemCall.exists(file) else { continue }
                warnings.append("'\(file)': invalid registry entry, ignored: \(error)")
            }
        }
        return (entries.sorted { ($0.created, $0.uuid) < ($1.created, $1.uuid) }, warnings)
    }

    /// The entry with this uuid.
    package func find(_ id: PrefixID) throws -> RegisteredPrefix? { try list().entries.first { $0.uuid == id.hex } }

    /// The entry of the prefix at this absolute path.
    package func find(path: String) throws -> RegisteredPrefix? { try list().entries.first { $0.path == path } }
}
