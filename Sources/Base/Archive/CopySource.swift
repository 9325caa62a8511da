import AtollPlatform
import Glibc

/// A directory of this machine that is to be copied elsewhere: what of it, and how much that is.
package struct CopySource: Sendable, Equatable {
    package let path: String
    /// Patterns of what is left out, as `TarWriter` takes them.
    package let excluding: [String]
    /// Regular files.
    package private(set) var files = 0
    /// Their sizes as `ls` shows them, in bytes: holes count.
    package private(set) var bytes: Int64 = 0
    /// Of those, what takes room on the disk: holes do not count.
    package private(set) var stored: Int64 = 0

    /// Looks at every name below `path`; what cannot be looked at counts for nothing. Blocks on the disk.
    /// - Parameter excluding: patterns as a shell has them, each for a name anywhere (`.git`, `*.o`) or, with a slash, for a path below the
    ///   directory (`build/*.log`).
    /// - Throws: when the directory cannot be read.
    package init(_ path: String, excluding: [String] = []) throws {
        self.path = path
        self.excluding = excluding
        let root = try SystemCall.check("look into \(path)") { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(root) }
        let excluded = NamePatterns(excluding)
        var waiting = TarWriter.names(root, below: []) ?? []
        while let name = waiting.popLast() {
            if excluded.hold(name) { continue }
            let place = name.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            guard fstatat(root, place, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                files += 1
                bytes += Int64(status.st_size)
                stored += min(Int64(status.st_size), Int64(status.st_blocks) * 512)
            case S_IFDIR:
                let directory = openat(root, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard directory >= 0 else { continue }
                defer { close(directory) }
                waiting += TarWriter.names(directory, below: name) ?? []
            default: break
            }
        }
    }
}
