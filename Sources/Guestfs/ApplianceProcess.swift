import Foundation
import Glibc
import Synchronization

/// The QEMU behind one appliance, found by the machine UUID that only its command line has.
///
/// libguestfs tells the process's id only between its calls; a start that hangs can be ended only from outside.
final class ApplianceProcess: Sendable {
    /// The appliance's own directory for sockets and overlays.
    let directory: String
    /// Given to QEMU as the machine's UUID.
    let mark = UUID().uuidString.lowercased()
    private let ended = Mutex(false)

    init() throws(GuestfsError) {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(base)/atoll-guestfs-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template).map({ String(cString: $0) }) else {
            throw GuestfsError(.failed, "make a directory in \(base)", String(cString: strerror(errno)), errno: errno)
        }
        directory = path
    }

    /// Whether `end` was called.
    var isEnded: Bool { ended.withLock { $0 } }

    /// Kills the appliance's QEMU, if it runs.
    func end() {
        ended.withLock { $0 = true }
        for pid in running() { kill(pid, SIGKILL) }
    }

    func removeDirectory() { try? FileManager.default.removeItem(atPath: directory) }

    /// Our own children whose command line has our mark. A child of ours cannot vanish and its number be reused before
    /// libguestfs, its parent here, has waited for it.
    private func running() -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let after = status.range(of: ") ", options: .backwards)
            else { return false }
            let fields = status[after.upperBound...].split(separator: " ")
            guard fields.count > 1, pid_t(fields[1]) == getpid() else { return false }
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains(mark)
        }
    }
}
