import Glibc

/// The end of a file.
package enum FileTail {
    /// The last `limit` bytes as text, or "" when there is no such file.
    package static func read(_ path: String, limit: Int) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: max(1, min(limit, Int(size))))
        let count = pread(descriptor, &buffer, buffer.count, max(0, size - off_t(limit)))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
