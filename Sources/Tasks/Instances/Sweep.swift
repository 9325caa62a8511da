import AtollClaims
package import AtollEnvironments
import AtollPlatform
package import Foundation
import Glibc

/// Clears away what runs left whose process is gone, and VMs that were kept and whose time is over.
package struct Sweep: Sendable {
    /// One run's leavings and what became of them.
    package struct Entry: Sendable, Equatable {
        package enum Outcome: Sendable, Equatable {
            case removed
            /// It would be removed (dry run).
            case removable
            /// Its process lives, or it is kept still; why, in words.
            case inUse(String)
            case failed(String)
        }
        package var run: String
        package var outcome: Outcome
    }

    private let host: AtollEnvironments.Host
    private let now: Date
    private let note: @Sendable (String) -> Void

    package init(host: AtollEnvironments.Host, now: Date = Date(), note: @escaping @Sendable (String) -> Void = { _ in }) {
        self.host = host
        self.now = now
        self.note = note
    }

    /// - Parameters:
    ///   - runs: only these, kept ones too; all without.
    ///   - dryRun: says what would go, and changes nothing.
    package func run(_ runs: [String] = [], dryRun: Bool = false) async throws -> [Entry] {
        var entries: [Entry] = []
        for (path, record) in try RunDirectory.list(host.stateRoot) {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            let label = record?.run ?? name
            guard runs.isEmpty || runs.contains(label) else { continue }
            // One that is being made has no lock file yet; its maker is done with that at once.
            if name.hasPrefix(".new-"), RunDirectory.isFresh(path, now) { continue }
            if let outcome = await outcome(path, record, isNamed: !runs.isEmpty, dryRun) {
                entries.append(Entry(run: label, outcome: outcome))
            }
        }
        // What these runs held of the host's capacity is free now; only their tickets are left.
        if !dryRun { _ = try? await CapacityClaims(root: host.stateRoot).sweep() }
        return entries
    }

    /// Nil when somebody else removed it meanwhile, and nobody asked for that run.
    private func outcome(_ path: String, _ record: RunDirectory.Record?, isNamed: Bool, _ dryRun: Bool) async -> Entry.Outcome? {
        let directory: RunDirectory
        do {
            if let record, let kept = record.kept, record.expires > now, !isNamed {
                return .inUse("kept (\(kept)) until \(record.expires.formatted(.iso8601))")
            }
            guard let adopted = try RunDirectory.adopt(path, now: now) else {
                let holder = FileLock.holder(path + "/owner.lock")
                if holder.hasSuffix("(gc)") { return .inUse("another gc removes it: \(holder)") }
                let process = "its process \(record.map { "\($0.pid) " } ?? "")lives"
                guard let record, record.expires < now else { return .inUse(process) }
                return .inUse("\(process), though its time was over at \(record.expires.formatted(.iso8601)): end it, then again")
            }
            directory = adopted
        } catch let error as PlatformError where error.errno == ENOENT {
            return isNamed && !dryRun ? .removed : nil
        } catch {
            return .failed("\(error)")
        }
        do {
            if dryRun {
                directory.leave()
                return .removable
            }
            try await Disposal(host: host, note: note).remove(directory)
            return .removed
        } catch {
            return .failed("\(error)")
        }
    }
}
