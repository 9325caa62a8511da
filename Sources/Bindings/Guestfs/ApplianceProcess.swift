import Foundation
import Glibc
import Synchronization

/// The QEMU behind one appliance, found by the machine UUID that only its command line has.
///
/// libguestfs tells the process's id only between its calls; a start that hangs can be ended only from outside.
final class ApplianceProcess: Sendable {
    /// The appliance's own directory for overlays and other temporary files: `$TMPDIR/atoll-guestfs-XXXXXX`.
    let directory: String
    /// Open on the directory and locked, as long as this process lives: by that others tell it from one that was left behind.
    private let descriptor: Int32
    /// Given to QEMU as the machine's UUID.
    let mark = UUID().uuidString.lowercased()
    private let ended = Mutex(false)

    private static let stem = "atoll-guestfs-"

    /// Makes the directory in `base`, after removing those there whose process was killed.
    init(in base: String = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp") throws(GuestfsError) {
        Self.sweep(base)
        while true {
            var template = Array("\(base)/\(Self.stem)XXXXXX".utf8CString)
            guard let path = mkdtemp(&template).map({ String(cString: $0) }) else {
                throw GuestfsError(.failed, "make a directory in \(base)", String(cString: strerror(errno)), errno: errno)
            }
            let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if opened >= 0, flock(opened, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK, access(path, F_OK) == 0 {
                (directory, descriptor) = (path, opened)
                return
            }
            let reason = errno
            if opened >= 0 { Glibc.close(opened) }
            // Another process's sweep may have taken it before it was locked; anything else will not get better.
            guard opened >= 0 || reason == ENOENT else {
                throw GuestfsError(.failed, "open \(path)", String(cString: strerror(reason)), errno: reason)
            }
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Removes directories of appliances whose process was killed before it could. libguestfs itself ends their QEMU.
    private static func sweep(_ base: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        for name in names where name.hasPrefix(stem) {
            let path = "\(base)/\(name)"
            let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard opened >= 0 else { continue }
            defer { Glibc.close(opened) }
            var status = stat()
            // A lock, not a process id: processes in other namespaces share the directory and have ids we cannot see.
            guard fstat(opened, &status) == 0, status.st_uid == geteuid(), flock(opened, LOCK_EX | LOCK_NB) == 0 else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
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
