import Glibc

/// Directories: made with their parents, listed, removed whole.
package enum Directories {
    /// Makes a directory and the ones above it. One that exists is left as it is.
    /// - Returns: whether the last one was made by this call.
    @discardableResult
    package static func make(_ path: String, mode: UInt32 = 0o755) throws -> Bool {
        if SystemCall.isDirectory(path) { return false }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try make(String(path[..<slash]), mode: 0o755) }
        if mkdir(path, mode) == 0 { return true }
        if errno == EEXIST, SystemCall.isDirectory(path) { return false }
        throw SystemCall.failure("make the directory \(path)")
    }

    /// Names in a directory, sorted, without `.` and `..`; empty when it is not there.
    package static func list(_ path: String) throws -> [String] {
        guard let handle = opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemCall.failure("list \(path)")
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, a link (not what it points to) or a whole directory. Nothing there is no error; a directory in which something is
    /// mounted is refused, before anything is removed: what is on the mount is somebody else's.
    package static func removeTree(_ path: String) throws {
        if (SystemCall.status(path)?.st_mode ?? 0) & S_IFMT == S_IFDIR, let point = Mounts.below(path).first {
            throw PlatformError(.io, "cannot remove \(path): \(point) is mounted; unmount it first: umount \(point)")
        }
        try removeTree(Array(path.utf8CString))
    }

    /// Bytes with a zero at their end: a name that came from a guest need not be text, and has to go all the same.
    private static func removeTree(_ path: [CChar]) throws {
        func failure(_ what: String) -> any Error {
            SystemCall.failure("\(what) \(String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw failure("remove")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove") }
            return
        }
        for name in try rawNames(path, failure) { try removeTree(path.dropLast() + [CChar(UInt8(ascii: "/"))] + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove") }
    }

    private static func rawNames(_ path: [CChar], _ failure: (String) -> any Error) throws -> [[CChar]] {
        guard let handle = opendir(path) else {
            if errno == ENOENT { return [] }
            throw failure("list")
        }
        defer { closedir(handle) }
        var names: [[CChar]] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
            }
            if name != [46, 0] && name != [46, 46, 0] { names.append(name) }
        }
        return names
    }

    /// An absolute form of `path`: relative to `base`, `.` and `..` and double slashes taken out; links are not followed.
    package static func absolute(_ path: String, relativeTo base: String) -> String {
        var parts: [Substring] = []
        for part in ((path.hasPrefix("/") ? "" : base + "/") + path).split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The path with every link in it followed; the path itself when it does not exist.
    package static func real(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The path with the links in that part of it followed which exists already.
    package static func realAncestor(_ path: String) -> String {
        if SystemCall.exists(path) { return real(path) }
        guard let slash = path.lastIndex(of: "/") else { return path }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        let base = realAncestor(parent)
        return (base == "/" ? "" : base) + path[slash...]
    }

    /// The directory this process works in.
    package static func working() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
