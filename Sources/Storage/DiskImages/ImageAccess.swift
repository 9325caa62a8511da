import AtollPlatform
import Glibc

/// Who may use an image: its owner and the user QEMU runs as, nobody else. libvirt relabels nothing.
package enum ImageAccess {
    /// For disks that guests write, and for templates under them.
    package enum Purpose: Sendable { case disk, template }

    /// Sets mode (0660 for a disk, 0440 for a template) and gives the QEMU user its entry. An entry on the file itself is needed: one
    /// inherited from the directory is cut by the mode that qemu-img creates files with.
    /// - Returns: a warning when the entry could not be set, as on a host without that user or a filesystem without access lists.
    @discardableResult
    package static func set(_ path: String, for purpose: Purpose) throws -> String? {
        try takeGroup(ofDirectoryAround: path)
        try SystemCall.check("set the mode of \(path)") { chmod(path, purpose == .disk ? 0o660 : 0o440) }
        guard let user = AccessControl.qemuUser else { return nil }
        do {
            try AccessControl.grant(purpose == .disk ? [.read, .write] : .read, on: path, to: user)
            return nil
        } catch { return "\(user) could not be given access to \(path): \(error)" }
    }

    /// An image that was made elsewhere and moved in has its maker's group; the shared directories' group is who may use it.
    private static func takeGroup(ofDirectoryAround path: String) throws {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard let wanted = SystemCall.status(directory)?.st_gid, SystemCall.status(path)?.st_gid != wanted else { return }
        // A user outside that group can only share with their own.
        if chown(path, uid_t.max, wanted) != 0, errno != EPERM { throw SystemCall.failure("set the group of \(path)") }
    }
}
