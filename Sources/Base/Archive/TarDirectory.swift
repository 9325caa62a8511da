import AtollPlatform
import Glibc

/// A directory that only what is asked for comes into: every name on the way to a member is opened from the one before it and no
/// symbolic link is followed, so that nothing an archive says can lead out.
///
/// Names are relative paths as bytes, checked by the caller: no empty name, no `.`, no `..`, no zero byte.
struct TarDirectory: ~Copyable, Sendable {
    /// What is in the way of a member; the text reads after its name.
    struct InTheWay: Error { var why: String }

    let path: String
    private let root: Int32
    /// The parent of the last member: the next one mostly has the same.
    private var parent: [UInt8] = []
    private var parentDescriptor: Int32

    init(_ path: String) throws {
        self.path = path
        root = try SystemCall.check("open the directory \(path)") { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        parentDescriptor = root
    }

    deinit {
        if parentDescriptor != root { close(parentDescriptor) }
        close(root)
    }

    /// Makes a directory, parents included. One that is there stays as it is.
    mutating func makeDirectory(_ name: [UInt8], mode: UInt32) throws {
        let (directory, last) = try locate(name)
        if mkdirat(directory, last, 0o700) != 0 {
            guard errno == EEXIST else { throw SystemCall.failure("make it") }
            guard Self.type(directory, last) == S_IFDIR else { throw InTheWay(why: Self.what(directory, last) + " is in the way") }
            return
        }
        let made = try SystemCall.check("open it") { openat(directory, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        // Ours to fill and to remove, whatever the archive says.
        fchmod(made, mode | 0o700)
        remember(name[...], made)
    }

    /// Makes a new file for writing, in the place of one that is there: an existing file, which may have other names, is never written to.
    mutating func makeFile(_ name: [UInt8]) throws -> Int32 {
        let (directory, last) = try locate(name)
        return try replacing(directory, last) { openat(directory, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
    }

    mutating func makeLink(_ name: [UInt8], to target: [UInt8]) throws {
        let (directory, last) = try locate(name)
        let text = target.map { CChar(bitPattern: $0) } + [0]
        _ = try replacing(directory, last) { symlinkat(text, directory, last) }
    }

    /// Makes a second name for a regular file of the directory.
    mutating func makeHardLink(_ name: [UInt8], to target: [UInt8]) throws {
        let (from, existing) = try locate(target, making: false)
        guard Self.type(from, existing) == S_IFREG else { throw InTheWay(why: "a hard link to what is no file of the archive") }
        // The parent kept for the target is another one than that of the new name.
        let held = try SystemCall.check("open it") { fcntl(from, F_DUPFD_CLOEXEC, 0) }
        defer { close(held) }
        let (directory, last) = try locate(name)
        _ = try replacing(directory, last) { linkat(held, existing, directory, last, 0) }
    }

    mutating func remove(_ name: [UInt8]) {
        guard let (directory, last) = try? locate(name, making: false) else { return }
        unlinkat(directory, last, 0)
    }

    /// Calls again after it removed a file or link that is in the way.
    private func replacing(_ directory: Int32, _ last: [CChar], _ call: () -> Int32) throws -> Int32 {
        for _ in 0..<3 {
            let result = call()
            if result != -1 { return result }
            if errno == EINTR { continue }
            guard errno == EEXIST else { throw SystemCall.failure("make it") }
            if Self.type(directory, last) == S_IFDIR { throw InTheWay(why: "a directory is in the way") }
            guard unlinkat(directory, last, 0) == 0 || errno == ENOENT else { throw SystemCall.failure("replace what is there") }
        }
        throw InTheWay(why: "something else keeps making it")
    }

    /// The directory that a name is in, and its last part.
    private mutating func locate(_ name: [UInt8], making: Bool = true) throws -> (Int32, [CChar]) {
        guard let slash = name.lastIndex(of: UInt8(ascii: "/")) else { return (root, name.map { CChar(bitPattern: $0) } + [0]) }
        let last = name[(slash + 1)...].map { CChar(bitPattern: $0) } + [0]
        if name[..<slash].elementsEqual(parent) { return (parentDescriptor, last) }
        var here = root
        do {
            for part in name[..<slash].split(separator: UInt8(ascii: "/")) {
                let inner = try enter(part.map { CChar(bitPattern: $0) } + [0], of: here, making: making)
                if here != root { close(here) }
                here = inner
            }
        } catch {
            if here != root { close(here) }
            throw error
        }
        remember(name[..<slash], here)
        return (here, last)
    }

    private func enter(_ name: [CChar], of directory: Int32, making: Bool) throws -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let inner = openat(directory, name, flags)
        if inner >= 0 { return inner }
        switch errno {
        case ENOENT where making:
            if mkdirat(directory, name, 0o755) != 0, errno != EEXIST { throw SystemCall.failure("make its directory") }
            return try SystemCall.check("open its directory") { openat(directory, name, flags) }
        case ENOENT: throw InTheWay(why: "a link to what is not there")
        case ELOOP, ENOTDIR, EMLINK:
            throw InTheWay(why: "one of its directories is \(Self.what(directory, name)), which is not followed")
        default: throw SystemCall.failure("open its directory")
        }
    }

    private mutating func remember(_ name: ArraySlice<UInt8>, _ descriptor: Int32) {
        if parentDescriptor != root { close(parentDescriptor) }
        parent = Array(name)
        parentDescriptor = descriptor
    }

    private static func type(_ directory: Int32, _ name: [CChar]) -> mode_t? {
        var status = stat()
        return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func what(_ directory: Int32, _ name: [CChar]) -> String {
        switch type(directory, name) {
        case S_IFLNK: "a symbolic link"
        case S_IFREG: "a file"
        case nil: "nothing"
        default: "no directory"
        }
    }
}
