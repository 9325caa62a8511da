import Foundation
import Glibc
import Synchronization

/// The QEMU process of one appliance, found by the machine UUID on its command line.
///
/// libguestfs reports the process ID only between calls; killing a hung start needs it during one.
final class ApplianceProcess: Sendable {
    /// The appliance's own directory for overlays and other temporary files: `$TMPDIR/atoll-guestfs-XXXXXX`.
    let directory: String
    /// Descriptor of the directory, locked for the life of the process: other processes detect orphaned directories by the missing lock.
    private let descriptor: Int32
    /// Machine UUID passed to QEMU.
    let mark = UUID().uuidString.lowercased()
    private let ended = Mutex(false)

    private static let stem = "atoll-guestfs-"

    /// Creates the directory in `base`, after removing orphaned ones there.
    init(in base: String = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") throws(GuestfsError) {
        Self.sweep(base)
        while true {
            var template = Array("\(base)/\(Self.stem)XXXXXX".utf8CString)
            guard let path = mkdtemp(&template).map({ String(cString: $0) }) else {
                throw GuestfsError(.failed, "create a directory in '\(base)'", String(cString: strerror(errno)), errno: errno)
            }
            let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if opened >= 0, flock(opened, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, access(path, F_OK) == 0 {
                (directory, descriptor) = (path, opened)
                return
            }
            let reason = errno
            if opened >= 0 { Glibc.close(opened) }
            // The sweep of another process may have removed it before it was locked; other errors are final.
            guard opened >= 0 || reason == ENOENT else {
                throw GuestfsError(.failed, "open '\(path)'", String(cString: strerror(reason)), errno: reason)
            }
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Removes directories of appliances whose process was killed. libguestfs itself ends their QEMU.
    private static func sweep(_ base: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        for name in names where name.hasPrefix(stem) {
            let path = "\(base)/\(name)"
            let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard opened >= 0 else { continue }
            defer { Glibc.close(opened) }
            var status = stat()
            // A lock, not a process ID: processes in other PID namespaces share the directory.
            guard fstat(opened, &status) == 0, status.st_uid == geteuid(), flock(opened, LOCK_EX | LOCK_NB) == 0 else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Whether `end` was called.
    var isEnded: Bool { ended.withLock { $0 } }

    /// Kills the appliance's QEMU process if it runs.
    func end() {
        ended.withLock { $0 = true }
        for pid in running() { kill(pid, SIGKILL) }
    }

    func removeDirectory() { try? FileManager.default.removeItem(atPath: directory) }

    /// Child processes with our UUID on their command line. The ID of a child cannot be reused before
    /// libguestfs, in this process, has waited for it.
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
