import CGuestfs
import Glibc

/// Files of the mounted filesystem. Paths are absolute in the guest; links are resolved inside the guest, never outside.
extension Appliance {
    /// Result of `lstat` for a file.
    package struct FileStatus: Sendable, Equatable {
        /// Type and permission bits, as st_mode.
        package var mode: UInt32
        package var owner: UInt32
        package var group: UInt32
        /// Bytes.
        package var size: Int64

        package var isDirectory: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
        package var isFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
        package var isLink: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFLNK) }
    }

    /// Status of the file at the path, without following a link; nil if it does not exist.
    package func status(_ path: String) throws(GuestfsError) -> FileStatus? {
        let status: Signature.GetStatus = try library.function("guestfs_lstatns")
        let release: Signature.FreeStatus = try library.function("guestfs_free_statns")
        let result = try call("stat '\(path)'") { handle -> FileStatus? in
            guard let found = status(handle, path) else { return nil }
            defer { release(found) }
            return FileStatus(
                mode: UInt32(truncatingIfNeeded: found.pointee.st_mode), owner: UInt32(truncatingIfNeeded: found.pointee.st_uid),
                group: UInt32(truncatingIfNeeded: found.pointee.st_gid), size: found.pointee.st_size)
        }
        if result.value == nil, result.error.code != .notFound { throw result.error }
        return result.value
    }

    /// Whether the path exists; links are followed.
    package func exists(_ path: String) throws(GuestfsError) -> Bool { try answer("check for '\(path)'", "guestfs_exists", path) }

    /// The whole content, read in chunks: a small file takes one message, where `guestfs_read_file` goes through a temporary download.
    package func read(_ path: String) throws(GuestfsError) -> [UInt8] {
        let read: Signature.GetBytesAt = try library.function("guestfs_pread")
        var content: [UInt8] = []
        while true {
            let offset = Int64(content.count)
            let result = try call("read '\(path)'") { handle -> [UInt8]? in
                var count = 0
                guard let bytes = read(handle, path, Self.piece, offset, &count) else { return nil }
                defer { free(bytes) }
                return Array(UnsafeRawBufferPointer(start: bytes, count: count))
            }
            guard let bytes = result.value else { throw result.error }
            content += bytes
            if bytes.count < Int(Self.piece) { return content }
        }
    }

    /// Chunk size in bytes; a libguestfs message holds at most 4 MB.
    private static let piece: Int32 = 1 << 20

    /// Removes a file, or a directory with its content. No-op if it does not exist.
    package func remove(_ path: String) throws(GuestfsError) { try run("remove '\(path)'", "guestfs_rm_rf", path) }

    /// Paths that match a shell pattern, sorted.
    package func glob(_ pattern: String) throws(GuestfsError) -> [String] {
        try strings("match '\(pattern)'", "guestfs_glob_expand", pattern).sorted()
    }

    /// Unpacks a tar archive of the host below `directory`, preserving owners, modes and extended attributes.
    package func unpack(_ archive: String, to directory: String = "/") throws(GuestfsError) {
        let unpack: Signature.TarIn = try library.function("guestfs_tar_in_opts_argv")
        var argument = guestfs_tar_in_opts_argv()
        argument.bitmask = 1 << UInt64(GUESTFS_TAR_IN_OPTS_XATTRS)
        argument.xattrs = 1
        _ = try check("unpack '\(archive)'") { unpack($0, archive, directory, &argument) }
    }

    /// Sets the SELinux labels of `path` and everything below it, from a file_contexts file of the guest.
    package func relabel(_ path: String, specification: String) throws(GuestfsError) {
        let relabel: Signature.Relabel = try library.function("guestfs_selinux_relabel_argv")
        var argument = guestfs_selinux_relabel_argv()
        argument.bitmask = 1 << UInt64(GUESTFS_SELINUX_RELABEL_FORCE)
        argument.force = 1
        _ = try check("relabel '\(path)'") { relabel($0, specification, path, &argument) }
    }

    /// Whether the appliance has these optional features: `extlinux`, `lvm2`, `selinuxrelabel`, `xfs`, …
    package func hasFeatures(_ groups: [String]) throws(GuestfsError) -> Bool {
        let available: Signature.DoList = try library.function("guestfs_feature_available")
        return try check("query features") { handle in withCStrings(groups) { available(handle, $0) } } == 1
    }
}
