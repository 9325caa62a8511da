import CGuestfs
import Glibc

/// Files of the mounted filesystem. Paths are absolute in the guest; links in them are followed inside the guest, never outside.
extension Appliance {
    /// What `lstat` says of a file.
    public struct FileStatus: Sendable, Equatable {
        /// Type and permission bits, as st_mode.
        public var mode: UInt32
        public var owner: UInt32
        public var group: UInt32
        /// Bytes.
        public var size: Int64

        public init(mode: UInt32, owner: UInt32, group: UInt32, size: Int64) {
            self.mode = mode
            self.owner = owner
            self.group = group
            self.size = size
        }
        public var isDirectory: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
        public var isFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
        public var isLink: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFLNK) }
    }

    /// What is at the path, a link itself not followed; nil when nothing is.
    public func status(_ path: String) throws(GuestfsError) -> FileStatus? {
        let status: Signature.GetStatus = try library.function("guestfs_lstatns")
        let release: Signature.FreeStatus = try library.function("guestfs_free_statns")
        let result = try call("look at \(path)") { handle -> FileStatus? in
            guard let found = status(handle, path) else { return nil }
            defer { release(found) }
            return FileStatus(
                mode: UInt32(truncatingIfNeeded: found.pointee.st_mode), owner: UInt32(truncatingIfNeeded: found.pointee.st_uid),
                group: UInt32(truncatingIfNeeded: found.pointee.st_gid), size: found.pointee.st_size)
        }
        if result.value == nil, result.error.code != .notFound { throw result.error }
        return result.value
    }

    /// Whether something is there; links are followed.
    public func exists(_ path: String) throws(GuestfsError) -> Bool { try answer("look for \(path)", "guestfs_exists", path) }

    /// Whether a directory is there; a link to one does not count.
    public func isDirectory(_ path: String) throws(GuestfsError) -> Bool {
        let test: Signature.IsKind = try library.function("guestfs_is_dir_opts_argv")
        var argument = guestfs_is_dir_opts_argv()
        return try check("look at \(path)") { test($0, path, &argument) } == 1
    }

    /// The whole content.
    public func read(_ path: String) throws(GuestfsError) -> [UInt8] {
        let read: Signature.GetBytes = try library.function("guestfs_read_file")
        let result = try call("read \(path)") { handle -> [UInt8]? in
            var count = 0
            guard let bytes = read(handle, path, &count) else { return nil }
            defer { free(bytes) }
            return Array(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        guard let bytes = result.value else { throw result.error }
        return bytes
    }

    /// Replaces the file's content, then sets mode and owner where given. A new file is owned by root.
    public func write(_ bytes: [UInt8], to path: String, mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil)
        throws(GuestfsError)
    {
        let write: Signature.DoTextBytes = try library.function("guestfs_write")
        _ = try check("write \(path)") { handle in
            // One byte more than is written: libguestfs wants a pointer even where there are no bytes.
            (bytes + [0]).withUnsafeBytes { write(handle, path, $0.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) }
        }
        if owner != nil || group != nil { try changeOwner(path, to: owner ?? 0, group ?? 0) }
        if let mode { try changeMode(path, to: mode) }
    }

    /// Makes a directory and those above it.
    public func makeDirectories(_ path: String) throws(GuestfsError) { try run("make the directory \(path)", "guestfs_mkdir_p", path) }

    public func changeMode(_ path: String, to mode: UInt32) throws(GuestfsError) {
        let change: Signature.DoNumberText = try library.function("guestfs_chmod")
        _ = try check("set the mode of \(path)") { change($0, Int32(mode & 0o7777), path) }
    }

    /// Numbers, not names: the guest's users are none of ours.
    public func changeOwner(_ path: String, to owner: UInt32, _ group: UInt32) throws(GuestfsError) {
        let change: Signature.DoTwoNumbersText = try library.function("guestfs_chown")
        _ = try check("set the owner of \(path)") { change($0, Int32(truncatingIfNeeded: owner), Int32(truncatingIfNeeded: group), path) }
    }

    /// Removes a file, or a directory with all in it; nothing there is no error.
    public func remove(_ path: String) throws(GuestfsError) { try run("remove \(path)", "guestfs_rm_rf", path) }

    /// Makes the link `path` to `target`, replacing what is there.
    public func link(_ path: String, to target: String) throws(GuestfsError) {
        try run("link \(path)", "guestfs_ln_sf", target, path)
    }

    /// Paths that match a shell pattern, sorted.
    public func glob(_ pattern: String) throws(GuestfsError) -> [String] {
        try strings("match \(pattern)", "guestfs_glob_expand", pattern).sorted()
    }

    /// Names in a directory, without `.` and `..`.
    public func names(in directory: String) throws(GuestfsError) -> [String] { try strings("list \(directory)", "guestfs_ls", directory) }

    /// Copies a file of this machine into the guest.
    public func upload(_ local: String, to path: String) throws(GuestfsError) {
        try run("upload \(local) to \(path)", "guestfs_upload", local, path)
    }

    /// Copies a file of the guest to this machine.
    public func download(_ path: String, to local: String) throws(GuestfsError) {
        try run("download \(path)", "guestfs_download", path, local)
    }

    /// How a tar archive is compressed.
    public enum Compression: String, Sendable { case none, gzip, xz, zstd, bzip2 }

    /// Unpacks an archive of this machine below `directory`, owners, modes and extended attributes as in the archive.
    public func unpack(_ archive: String, to directory: String = "/", compression: Compression = .none) throws(GuestfsError) {
        let unpack: Signature.TarIn = try library.function("guestfs_tar_in_opts_argv")
        _ = try check("unpack \(archive)") { handle in
            compression.rawValue.withCString { name in
                var argument = guestfs_tar_in_opts_argv()
                argument.bitmask = 1 << UInt64(GUESTFS_TAR_IN_OPTS_XATTRS)
                argument.xattrs = 1
                if compression != .none {
                    argument.bitmask |= 1 << UInt64(GUESTFS_TAR_IN_OPTS_COMPRESS)
                    argument.compress = name
                }
                return unpack(handle, archive, directory, &argument)
            }
        }
    }
}
