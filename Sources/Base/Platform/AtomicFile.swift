import Glibc

/// Files that are either whole or absent: written beside their place, flushed, then renamed over it.
package enum AtomicFile {
    /// Replaces `path` by `bytes`. `mode` is exact (umask does not apply). The directory is flushed too, so that the name survives a power cut.
    package static func write(_ bytes: some Sequence<UInt8>, to path: String, mode: UInt32 = 0o644) throws {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = try SystemCall.check("create \(path)") { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
        var remains = true
        defer {
            close(descriptor)
            if remains { unlink(temporary) }
        }
        try SystemCall.check("set the mode of \(path)") { fchmod(descriptor, mode) }
        try writeAll(Array(bytes), to: descriptor, path: path)
        try SystemCall.check("flush \(path)") { fsync(descriptor) }
        try SystemCall.check("put \(path) in place") { rename(temporary, path) }
        remains = false
        flushDirectory(of: path)
    }

    /// Replaces `path` by UTF-8 text.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// The whole file as bytes. `limit` (bytes) guards against a file that is not what its name says.
    /// - Throws: `.malformed` for what is no file (a pipe, a socket, a device), which is not waited for; a path in /dev or /proc may be
    ///   any of them, for `/dev/stdin` is what somebody named.
    package static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
        // Without waiting: a pipe that was put in a file's place has no writer.
        let descriptor = try SystemCall.check("read \(path)") { open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
        defer { close(descriptor) }
        try check(descriptor, path)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try SystemCall.check("read \(path)") { Glibc.read(descriptor, &buffer, buffer.count) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[0..<count])
            if bytes.count > limit { throw PlatformError(.malformed, "\(path) is larger than \(limit) bytes") }
        }
    }

    private static func check(_ descriptor: Int32, _ path: String) throws {
        var status = stat()
        try SystemCall.check("read \(path)") { fstat(descriptor, &status) }
        let kind: String
        switch status.st_mode & S_IFMT {
        // A directory cannot be read, and the system says so.
        case S_IFREG, S_IFDIR: return
        case S_IFIFO: kind = "a pipe"
        case S_IFSOCK: kind = "a socket"
        default: kind = "a device"
        }
        let isNamedSo = path.hasPrefix("/dev/") && !path.hasPrefix("/dev/shm/") || path.hasPrefix("/proc/")
        guard isNamedSo else { throw PlatformError(.malformed, "\(path) is \(kind), not a file") }
        try SystemCall.check("read \(path)") { fcntl(descriptor, F_SETFL, O_RDONLY) }
    }

    /// The whole file as text; bytes that are no UTF-8 become U+FFFD.
    package static func text(_ path: String, limit: Int = 64 << 20) throws -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Makes a rename or removal in the directory of `path` durable; filesystems that cannot say so are left alone.
    package static func flushDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws {
        var offset = 0
        while offset < bytes.count {
            offset += try bytes.withUnsafeBytes { raw in
                try SystemCall.check("write \(path)") { Glibc.write(descriptor, raw.baseAddress?.advanced(by: offset), raw.count - offset) }
            }
        }
    }
}
