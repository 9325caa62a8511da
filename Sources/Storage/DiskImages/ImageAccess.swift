import AtollPlatform
import Glibc

/// Permissions of an image: its owner and the QEMU user only. libvirt changes no ownership.
package enum ImageAccess {
    /// For writable guest disks, and for their templates.
    package enum Purpose: Sendable { case disk, template }

    /// Sets the mode (0660 for a disk, 0440 for a template) and an ACL entry for the QEMU user. The file needs its own entry: one
    /// inherited from the directory is masked by the mode that qemu-img creates files with.
    /// - Returns: a warning if the entry cannot be set, as on a host without that user or a filesystem without ACLs.
    @discardableResult
    package static func set(_ path: String, for purpose: Purpose) throws -> String? {
        try takeGroup(ofDirectoryAround: path)
        try SystemCall.check("set the mode of '\(path)'") { chmod(path, purpose == .disk ? 0o660 : 0o440) }
        guard let user = AccessControl.qemuUser else { return nil }
        do {
            try AccessControl.grant(purpose == .disk ? [.read, .write] : .read, on: path, to: user)
            return nil
        } catch { return "cannot give user '\(user)' access to '\(path)': \(error)" }
    }

    /// Sets the group of the directory on an image that was created elsewhere and moved in.
    private static func takeGroup(ofDirectoryAround path: String) throws {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard let wanted = SystemCall.status(directory)?.st_gid, SystemCall.status(path)?.st_gid != wanted else { return }
        // A user outside that group cannot set it.
        if chown(path, uid_t.max, wanted) != 0, errno != EPERM { throw SystemCall.failure("set the group of '\(path)'") }
    }
}
