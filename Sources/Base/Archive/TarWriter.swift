import AtollPlatform
import Glibc

/// Packs a file or the contents of a directory into a tar stream, piece by piece, in an order that depends on the names alone.
///
/// Symbolic links stay links, modes and times are kept, owners become root. What is no file, directory or link is left out and reported,
/// and so is what cannot be read; a file that changes its length meanwhile is cut or filled with zeros and reported. Calls block on the disk.
package struct TarWriter: ~Copyable, Sendable {
    /// What was packed so far, and what was not.
    package private(set) var report = TarReport()
    private let path: String
    private let root: Int32
    private let prefix: [UInt8]
    private let excluded: NamePatterns
    /// What is still to be packed: names below the root, the next one last.
    private var waiting: [[UInt8]] = []
    private var file: OpenFile?
    /// What a header has promised and its file does not have.
    private var zeros: Int64 = 0
    private var isSingleFile: Bool
    private let keepsHoles: Bool

    private struct OpenFile {
        var descriptor: Int32
        var name: [UInt8]
        var size: Int64
        /// Bytes that the header promised.
        var stored: Int64
        /// What of them is still to be read.
        var segments: ArraySlice<TarSegment>

        var left: Int64 { segments.reduce(0) { $0 + $1.length } }
    }
    private var hasEnded = false

    /// About the size of the pieces, in bytes.
    static let piece = 1 << 17

    /// - Parameter path: a directory, whose contents are packed, or a file, which is packed under its own name; links to them are followed.
    /// - Parameter under: a directory of the archive that everything is put in.
    /// - Parameter excluding: patterns of what is left out, as a shell has them: each for a name anywhere (`.git`, `*.o`) or, with a slash, for
    ///   a path below the root (`build/*.log`).
    /// - Parameter keepsHoles: whether holes of files are left out, in GNU's old format, which busybox does not read; else they are zeros.
    /// - Throws: when there is nothing at `path` that can be read.
    package init(contentsOf path: String, under: String = "", excluding: [String] = [], keepsHoles: Bool = false) throws {
        let opened = try SystemCall.check("pack \(path)") { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        var status = stat()
        let kind = fstat(opened, &status) == 0 ? status.st_mode & S_IFMT : 0
        guard kind == S_IFDIR || kind == S_IFREG else {
            close(opened)
            throw PlatformError(.io, "cannot pack \(path): it is neither a file nor a directory")
        }
        self.path = path
        root = opened
        prefix = under.split(separator: "/").isEmpty ? [] : Array((under.split(separator: "/").joined(separator: "/") + "/").utf8)
        excluded = NamePatterns(excluding)
        self.keepsHoles = keepsHoles
        isSingleFile = kind == S_IFREG
        if !isSingleFile { waiting = prefix.isEmpty ? Self.names(opened, below: []) ?? [] : [[]] }
    }

    deinit {
        if let file { close(file.descriptor) }
        close(root)
    }

    /// The next piece of the stream; nil after the last.
    package mutating func next() throws -> [UInt8]? {
        if hasEnded { return nil }
        var piece: [UInt8] = []
        piece.reserveCapacity(Self.piece + 4096)
        while piece.count < Self.piece {
            if zeros > 0 {
                let count = min(zeros, Int64(Self.piece))
                piece += [UInt8](repeating: 0, count: Int(count))
                zeros -= count
            } else if file != nil {
                read(into: &piece)
            } else if isSingleFile {
                isSingleFile = false
                let name = path.split(separator: "/").last.map { Array($0.utf8) } ?? []
                let copy = try SystemCall.check("pack \(path)") { fcntl(root, F_DUPFD_CLOEXEC, 0) }
                begin(copy, name, into: &piece)
            } else if let name = waiting.popLast() {
                member(name, into: &piece)
            } else {
                hasEnded = true
                return piece + TarHeader.end
            }
        }
        return piece
    }

    /// Packs all of it into a descriptor, such as the end of a pipe.
    /// - Parameter progress: called after each piece with the file being packed and the length of the piece.
    /// - Returns: what was left out or changed, as sentences.
    /// - Throws: `.io` when nobody reads the other end any more (the process ignores SIGPIPE).
    @discardableResult
    package static func write(
        contentsOf path: String, under: String = "", excluding: [String] = [], to descriptor: Int32, keepsHoles: Bool = false,
        progress: (_ file: String?, _ count: Int) -> Void = { _, _ in }
    ) throws -> [String] {
        var writer = try TarWriter(contentsOf: path, under: under, excluding: excluding, keepsHoles: keepsHoles)
        while let piece = try writer.next() {
            try AtomicFile.writeAll(piece, to: descriptor, path: "the tar stream of \(path)")
            progress(writer.currentFile, piece.count)
        }
        let report = writer.report
        let more = report.refusedCount - report.refused.count
        return report.refused.map(\.description) + (more > 0 ? ["and \(more) more"] : [])
    }

    private mutating func member(_ name: [UInt8], into piece: inout [UInt8]) {
        if excluded.hold(name) { return }
        let place = name.isEmpty ? [CChar(bitPattern: UInt8(ascii: ".")), 0] : name.map { CChar(bitPattern: $0) } + [0]
        var status = stat()
        guard fstatat(root, place, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            // Removed since its directory was read: as if it had never been there.
            if errno != ENOENT { report.refuse(name, "cannot be looked at: \(String(cString: strerror(errno)))") }
            return
        }
        var header = TarHeader(
            name: prefix + name, kind: .file, mode: UInt32(status.st_mode) & 0o7777, modified: Int64(status.st_mtim.tv_sec))
        if header.name.last == UInt8(ascii: "/") { header.name.removeLast() }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            header.kind = .directory
            piece += header.encoded()
            report.directories += 1
            let directory = openat(root, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard directory >= 0 else { return report.refuse(name, "cannot be listed: \(String(cString: strerror(errno)))") }
            defer { close(directory) }
            guard let inner = Self.names(directory, below: name) else { return report.refuse(name, "cannot be listed") }
            waiting += inner
        case S_IFLNK:
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = target.withUnsafeMutableBytes { raw -> Int in
                raw.baseAddress.map { readlinkat(root, place, $0.assumingMemoryBound(to: CChar.self), raw.count) } ?? -1
            }
            guard count > 0 else { return report.refuse(name, "cannot be read: \(String(cString: strerror(errno)))") }
            header.kind = .symbolicLink
            header.mode = 0o777
            header.target = Array(target.prefix(count))
            piece += header.encoded()
            report.links += 1
        case S_IFREG:
            // Not to wait, should it have become a fifo meanwhile.
            let descriptor = openat(root, place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { return report.refuse(name, "cannot be read: \(String(cString: strerror(errno)))") }
            begin(descriptor, name, into: &piece)
        case S_IFSOCK: report.refuse(name, "a socket")
        case S_IFIFO: report.refuse(name, "a fifo")
        default: report.refuse(name, "a device node")
        }
    }

    private mutating func begin(_ descriptor: Int32, _ name: [UInt8], into piece: inout [UInt8]) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return report.refuse(name, "is no file any more")
        }
        let size = Int64(status.st_size)
        var header = TarHeader(
            name: prefix + name, kind: .file, mode: UInt32(status.st_mode) & 0o7777, size: size, modified: Int64(status.st_mtim.tv_sec))
        if keepsHoles, Int64(status.st_blocks) * 512 < size { header.segments = FileHoles.segments(of: descriptor, size: size) }
        piece += header.encoded()
        file = OpenFile(
            descriptor: descriptor, name: name, size: size, stored: header.stored,
            segments: (header.segments ?? [TarSegment(offset: 0, length: size)])[...])
        report.files += 1
        report.bytes += size
        report.stored += header.stored
    }

    private mutating func read(into piece: inout [UInt8]) {
        guard var file else { return }
        let (descriptor, name, size) = (file.descriptor, file.name, file.size)
        while file.segments.first?.length == 0 { file.segments.removeFirst() }
        guard let segment = file.segments.first else {
            piece += [UInt8](repeating: 0, count: TarHeader.padding(after: file.stored))
            var status = stat()
            if fstat(descriptor, &status) == 0, Int64(status.st_size) > size {
                report.refuse(name, "grew while it was read: only its first \(size) bytes were copied")
            }
            close(descriptor)
            self.file = nil
            return
        }
        let wanted = Int(min(segment.length, Int64(Self.piece)))
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            repeat { count = pread(descriptor, buffer.baseAddress, wanted, off_t(segment.offset)) } while count < 0 && errno == EINTR
            if count < 0 {
                code = errno
                count = 0
            }
        }
        if bytes.isEmpty {
            let why = code == 0 ? "it shrank while it was read" : String(cString: strerror(code))
            let left = file.left
            report.refuse(name, "only \(file.stored - left) of its \(file.stored) bytes could be read, the rest is zeros: \(why)")
            close(descriptor)
            self.file = nil
            zeros = left + Int64(TarHeader.padding(after: file.stored))
            return
        }
        piece += bytes
        let count = Int64(bytes.count)
        file.segments[file.segments.startIndex] = TarSegment(offset: segment.offset + count, length: segment.length - count)
        self.file = file
    }

    /// The file being packed.
    package var currentFile: String? { file.map { TarReport.printable($0.name) } }

    /// Names in an open directory as paths below the root, the last first; nil when they cannot be read.
    static func names(_ directory: Int32, below parent: [UInt8]) -> [[UInt8]]? {
        let copy = fcntl(directory, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let handle = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            return nil
        }
        defer { closedir(handle) }
        rewinddir(handle)
        var names: [[UInt8]] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            names.append(parent.isEmpty ? name : parent + [UInt8(ascii: "/")] + name)
        }
        return names.sorted { $1.lexicographicallyPrecedes($0) }
    }
}
