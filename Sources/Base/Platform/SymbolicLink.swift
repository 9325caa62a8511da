import Glibc

/// Symbolic links.
package enum SymbolicLink {
    /// What the link at `path` says, or nil when there is no link.
    package static func target(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { raw -> Int in
            guard let base = raw.baseAddress else { return -1 }
            return readlink(path, base.assumingMemoryBound(to: CChar.self), raw.count)
        }
        return count >= 0 ? String(decoding: buffer[0..<count], as: UTF8.self) : nil
    }

    /// Makes `path` a link to `target`, replacing a link that is there; anything else there is an error.
    package static func make(_ path: String, to target: String) throws {
        if let status = SystemCall.linkStatus(path), status.st_mode & S_IFMT != S_IFLNK {
            throw PlatformError(.io, "\(path) is in the way: it is not a symbolic link")
        }
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        try SystemCall.check("make the link \(path)") { symlink(target, temporary) }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw SystemCall.failure("make the link \(path)", errno: code)
        }
    }
}
