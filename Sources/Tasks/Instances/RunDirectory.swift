package import AtollClaims
import AtollPlatform
package import Foundation
import Glibc

/// What one run has on this host beside its artifacts: `STATE/runs/RUN`, with the environment of its VM, a record of whose it is, and a
/// lock that its process holds for as long as it lives. Whoever finds the lock free may clear the rest away.
package final class RunDirectory: Sendable {
    /// Written before anything is made.
    package struct Record: Sendable, Equatable, Codable {
        package var run: String
        package var pid: Int32
        package var created: Date
        /// After this time it may be cleared away whoever lives.
        package var expires: Date
        /// Set when the VM is to outlive its run; what for, in words.
        package var kept: String?
        /// Where its results are.
        package var artifacts: String?

        package init(
            run: String, pid: Int32 = getpid(), created: Date = Date(), expires: Date, kept: String? = nil, artifacts: String? = nil
        ) {
            self.run = run
            self.pid = pid
            self.created = created
            self.expires = expires
            self.kept = kept
            self.artifacts = artifacts
        }
    }

    package let run: String
    package let path: String
    private let lock: FileLock

    /// Where all of them are.
    package static func parent(_ root: StateRoot) -> String { root.path + "/runs" }

    /// The workdir of the VM's environment; its prefix is called `vm`.
    package var workdir: String { path }
    package static let prefixName = "vm"
    var recordPath: String { path + "/run.json" }

    private init(run: String, path: String, lock: FileLock) {
        self.run = run
        self.path = path
        self.lock = lock
    }

    /// Makes the directory of a new run and takes it for this process.
    /// - Throws: `.exists` when there is one of that name: it is left as it is.
    package static func create(_ record: Record, root: StateRoot) throws -> RunDirectory {
        let parent = parent(root)
        try root.prepare()
        try StateRoot.makeShared(parent)
        let path = parent + "/" + record.run
        // Made whole beside its place, lock held, then renamed there: nobody ever finds one without an owner.
        let made = "\(parent)/.new-\(record.run)-\(getpid())"
        try Directories.make(made, mode: 0o750)
        do {
            guard let lock = try FileLock.attempt(made + "/owner.lock", note: "pid \(getpid())") else {
                throw DisposableError(.exists, "\(made) is locked by another process")
            }
            try write(record, to: made + "/run.json")
            guard rename(made, path) == 0 else {
                guard errno == EEXIST || errno == ENOTEMPTY else { throw SystemCall.failure("make \(path)") }
                throw taken(record.run)
            }
            return RunDirectory(run: record.run, path: path, lock: lock)
        } catch {
            try? Directories.removeTree(made)
            throw error
        }
    }

    /// - Throws: `.exists` when a run of that name has something here already. Without a claim: `create` may find one all the same.
    static func check(_ run: String, root: StateRoot) throws {
        if SystemCall.exists(parent(root) + "/" + run) { throw taken(run) }
    }

    private static func taken(_ run: String) -> DisposableError {
        DisposableError(
            .exists,
            "there is a run \(run) already, with a VM taskotron-\(run); it is left alone. "
                + "Choose another --uuid, or clear it away: atoll gc \(run)")
    }

    /// Takes the directory of a run whose process is gone; nil when that still lives.
    /// - Throws: what the system says, with `errno` ENOENT when the directory is gone or just goes.
    package static func adopt(_ path: String, now: Date = Date()) throws -> RunDirectory? {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let file = path + "/owner.lock"
        // Its lock's file is the last that a removal takes: one made anew in there would be in the way of it, and nobody's.
        let isAbandoned = !SystemCall.exists(file) && !isFresh(path, now)
        guard let lock = try FileLock.attempt(file, note: "pid \(getpid()) (gc)", makes: isAbandoned) else { return nil }
        return RunDirectory(run: name, path: path, lock: lock)
    }

    /// Whether the directory changed less than a minute ago, or is gone: without a lock's file it is being made or removed.
    static func isFresh(_ path: String, _ now: Date) -> Bool {
        SystemCall.status(path).map { Int(now.timeIntervalSince1970) - $0.st_mtim.tv_sec < 60 } ?? true
    }

    /// Every run that has something on this host, by name; a damaged record is nil.
    package static func list(_ root: StateRoot) throws -> [(path: String, record: Record?)] {
        let parent = parent(root)
        return try Directories.list(parent).map { name in (parent + "/" + name, try? read(parent + "/" + name)) }
    }

    package static func read(_ path: String) throws -> Record {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Record.self, from: Data(try AtomicFile.read(path + "/run.json", limit: 1 << 16)))
    }

    package func update(_ change: (inout Record) -> Void) throws {
        var record = try Self.read(path)
        change(&record)
        try Self.write(record, to: recordPath)
    }

    /// Leaves everything for later: the lock is given up, the directory stays.
    package func leave() { lock.release() }

    /// Removes the directory, then gives it up. The lock's file goes last, so that a removal cut short is found again.
    package func remove() throws {
        for name in try Directories.list(path) where name != "owner.lock" { try Directories.removeTree(path + "/" + name) }
        try Directories.removeTree(path)
        lock.release()
    }

    private static func write(_ record: Record, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try AtomicFile.write(try encoder.encode(record) + Data("\n".utf8), to: path, mode: 0o640)
    }
}
