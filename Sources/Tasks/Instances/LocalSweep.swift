import AtollPlatform
import Glibc

/// Clears away what runs on this machine itself left when their process was killed: their directories, and what goes on of their commands.
package enum LocalSweep {
    static let lockName = "owner.lock"

    /// - Parameters:
    ///   - parent: where the directories of local runs are, one for each.
    ///   - runs: only these; all without.
    ///   - dryRun: says what would go, and changes nothing.
    package static func run(_ parent: String, _ runs: [String] = [], dryRun: Bool = false) throws -> [Sweep.Entry] {
        guard SystemCall.exists(parent) else { return [] }
        return try Directories.list(parent).compactMap { run in
            let path = parent + "/" + run
            guard runs.isEmpty || runs.contains(run), SystemCall.exists(path + "/" + lockName) else { return nil }
            return Sweep.Entry(run: run, outcome: outcome(path, dryRun))
        }
    }

    private static func outcome(_ path: String, _ dryRun: Bool) -> Sweep.Entry.Outcome {
        do {
            guard let lock = try FileLock.attempt(path + "/" + lockName, note: "pid \(getpid()) (gc)") else {
                return .inUse("its process lives")
            }
            defer { lock.release() }
            if dryRun { return .removable }
            try endProcesses(of: path)
            Mounts.detach(below: path)
            try Directories.removeTree(path)
            return .removed
        } catch {
            return .failed("\(error)")
        }
    }

    /// The shim puts the run's own directory among the variables of every command, and so of all that it starts.
    private static func endProcesses(of path: String) throws {
        let mark = Array("\0ATOLL_TASK=\(path)\0".utf8)
        for name in try Directories.list("/proc") {
            guard let pid = pid_t(name), pid > 1, pid != getpid() else { continue }
            // One of another user, or one that ended meanwhile, is none of ours.
            guard let variables = try? AtomicFile.read("/proc/\(name)/environ", limit: 1 << 22) else { continue }
            if ([0] + variables).firstRange(of: mark) != nil { kill(pid, SIGKILL) }
        }
    }
}
