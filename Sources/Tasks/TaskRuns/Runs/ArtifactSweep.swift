import AtollResults
package import AtollDirectives
import AtollPlatform
package import Foundation
import Glibc

/// Deletes what old runs left: the whole directory of each run that has ended and whose VM is not kept. A directory without a run's record
/// in it is none of ours and stays as it is.
package struct ArtifactSweep: Sendable {
    /// One old run and what became of its directory.
    package struct Entry: Sendable, Equatable {
        package enum Outcome: Sendable, Equatable {
            case removed
            /// It would be removed (dry run).
            case removable
            case failed(String)
        }
        package var files: RunFiles
        /// For one that was killed when it was started: nobody wrote down its end.
        package var finished: Date
        package var wasKilled = false
        package var outcome: Outcome
    }

    private let store: RunStore
    private let now: Date
    /// Whether something of the run is on this host still, its VM for example.
    private let isInUse: @Sendable (String) -> Bool

    package init(_ store: RunStore, now: Date = Date(), isInUse: @escaping @Sendable (String) -> Bool) {
        self.store = store
        self.now = now
        self.isInUse = isInUse
    }

    /// - Parameter dryRun: says what would go, and changes nothing.
    package func run(olderThan days: Int, dryRun: Bool = false) throws -> [Entry] {
        let limit = now.addingTimeInterval(-86400 * Double(days))
        return try store.runs().reversed().compactMap { files, record in
            let wasKilled = record.wasKilled
            guard let finished = wasKilled ? record.started : record.state == .finished ? record.finished : nil, finished < limit,
                record.keptUntil.map({ $0 < now }) ?? true, !isInUse(record.run), Self.isOurs(files, record)
            else { return nil }
            return Self.remove(files, record, dryRun: dryRun)
        }
    }

    /// Removes one run's directory, however old; that it has ended and left nothing else is the caller's to know.
    package static func remove(_ files: RunFiles, _ record: RunRecord, dryRun: Bool = false) -> Entry {
        let wasKilled = record.wasKilled
        var entry = Entry(files: files, finished: record.finished ?? record.started, wasKilled: wasKilled, outcome: .removable)
        guard isOurs(files, record) else {
            entry.outcome = .failed("\(files.path) is not the directory of that run")
            return entry
        }
        if dryRun { return entry }
        do {
            try remove(files)
            entry.outcome = .removed
        } catch { entry.outcome = .failed("\(error)") }
        return entry
    }

    /// Behind a link is somebody else's directory, and a copy of a run's is not the run's.
    private static func isOurs(_ files: RunFiles, _ record: RunRecord) -> Bool {
        record.run == files.run && isDirectory(files.path) && isDirectory(files.own)
    }

    /// The record goes last, so that a removal cut short is found again.
    private static func remove(_ files: RunFiles) throws {
        let own = files.own.split(separator: "/").last.map(String.init)
        for name in try Directories.list(files.path) where name != own { try Directories.removeTree(files.path + "/" + name) }
        for name in try Directories.list(files.own) where files.own + "/" + name != files.record {
            try Directories.removeTree(files.own + "/" + name)
        }
        try Directories.removeTree(files.path)
    }

    private static func isDirectory(_ path: String) -> Bool {
        (SystemCall.linkStatus(path)?.st_mode).map { $0 & S_IFMT == S_IFDIR } ?? false
    }
}
