package import AtollModel
import AtollPlatform
package import Foundation
import Glibc

/// One registered prefix: written before the prefix makes anything on the host, removed when nothing of it is left.
package struct RegisteredPrefix: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable { case initializing, ready }
    /// Absolute path of the prefix directory.
    package var path: String
    /// 32 hex digits.
    package var uuid: String
    /// When it was registered.
    package var created: Date
    /// Who registered it: process and verb.
    package var pid: Int32
    package var verb: String
    /// Where its subnets are leased.
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

    /// nil only in an entry that somebody wrote by hand.
    package var id: PrefixID? { PrefixID(uuid) }
}

/// Every prefix on this host, whoever made it: names on libvirt are drawn against it, and no template is collected that one backs on.
package struct PrefixRegistry: Sendable, Equatable {
    package let root: StateRoot

    package init(_ root: StateRoot) { self.root = root }

    /// Where the entry of this prefix is kept.
    package func file(_ id: PrefixID) -> String { "\(root.prefixes)/\(id.hex).json" }

    /// Writes or replaces the entry.
    package func register(_ entry: RegisteredPrefix) throws {
        guard let id = entry.id else { throw ClaimError(.malformed, "a prefix cannot be registered under the uuid “\(entry.uuid)”") }
        try root.prepare()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        do {
            try AtomicFile.write(try encoder.encode(entry) + Data("\n".utf8), to: file(id), mode: 0o664)
        } catch let error as PlatformError {
            throw ClaimError(error, "the prefix cannot be registered: \(error)")
        }
    }

    /// Removes the entry; nothing happens when there is none.
    package func remove(_ id: PrefixID) throws {
        guard unlink(file(id)) != 0, errno != ENOENT else { return }
        let cause = SystemCall.failure("remove \(file(id))")
        throw ClaimError(cause, cause.message)
    }

    /// All entries, oldest first, and a warning for each file that is none. An absent registry is empty.
    package func list() throws -> (entries: [RegisteredPrefix], warnings: [String]) {
        let names: [String]
        do { names = try Directories.list(root.prefixes) } catch let error as PlatformError {
            throw ClaimError(
                error,
                "cannot read the registered prefixes: \(error); join group libvirt (sudo usermod -aG libvirt $USER, then log in again) or run"
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
                guard entry.id?.hex == String(name.dropLast(5)) else { throw ClaimError(.malformed, "its name is not its uuid") }
                entries.append(entry)
            } catch {
                // Somebody removed it between the listing and now.
                guard SystemCall.exists(file) else { continue }
                warnings.append("\(file) is no entry of a prefix and was left alone: \(error)")
            }
        }
        return (entries.sorted { ($0.created, $0.uuid) < ($1.created, $1.uuid) }, warnings)
    }

    /// The entry with this uuid.
    package func find(_ id: PrefixID) throws -> RegisteredPrefix? { try list().entries.first { $0.uuid == id.hex } }

    /// The entry of the prefix at this absolute path.
    package func find(path: String) throws -> RegisteredPrefix? { try list().entries.first { $0.path == path } }
}
