package import AtollModel
import AtollPlatform
import Glibc

/// Header of an image file, read without qemu-img.
package struct ImageHeader: Sendable, Equatable {
    package var path: String
    /// `.raw` for a disk without a header, `.iso` for a CD image.
    package var format: DiskSpec.Format
    /// Virtual size in bytes.
    package var virtualSize: Int64
    /// Length of the file in bytes, holes included.
    package var fileSize: Int64
    /// Maximum bytes of non-zero data in this file alone: the disk space of a raw copy.
    package var dataSize: Int64 = 0
    /// Backing file as written in the header: absolute, or relative to the image's directory. nil without one.
    package var backingFile: String?
    /// Backing format given by the header; nil if absent.
    package var backingFormat: String?
    /// Name of the external data file (qcow2 v3); "" if the flag is set without a name.
    package var dataFile: String?
    /// Encryption of a qcow2 image: `AES` or `LUKS`; nil without one.
    package var encryption: String?
    /// qcow2's incompatible feature bits; 0 for others.
    package var incompatibleFeatures: UInt64 = 0

    /// Absolute path of the backing file.
    package var backingPath: String? {
        guard let backingFile else { return nil }
        if backingFile.hasPrefix("/") { return backingFile }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return directory + "/" + (backingFile.hasPrefix("./") ? String(backingFile.dropFirst(2)) : backingFile)
    }

    /// Reads the header of the file at `path`.
    /// - Parameter name: the file's path in messages, if it is a copy that the user does not know.
    /// - Throws: `.missing`, `.permission`, `.damaged`, or `.wrongFormat` naming what the file is instead.
    package static func read(_ path: String, named name: String? = nil) throws -> ImageHeader {
        let file = try ImageFile(path, named: name)
        defer { file.close() }
        if file.head.starts(with: QcowTables.magic) { return try QcowTables.header(of: file) }
        if let foreign = ForeignFormat.detect(file.head) { throw foreign.refusal(of: file.name) }
        guard file.size > 0, file.size % 512 == 0, !file.looksLikeText else {
            let what = file.size == 0 ? "empty" : file.looksLikeText ? "text" : "not a whole number of 512-byte sectors"
            throw DiskImageError(.wrongFormat, "'\(file.name)' is not a disk image: it is \(what)")
        }
        let isCD = try file.bytes(at: 0x8001, count: 5) == Array("CD001".utf8)
        let partitioned = file.head.count >= 512 && file.head[510] == 0x55 && file.head[511] == 0xAA
        var header = ImageHeader(path: path, format: isCD && !partitioned ? .iso : .raw, virtualSize: file.size, fileSize: file.size)
        header.dataSize = min(file.size, DiskSpace.allocated(path) ?? file.size)
        return header
    }

    /// Virtual size in bytes of an image whose format is known. The content of a raw image is guest data and is not inspected.
    package static func virtualSize(of path: String, format: DiskSpec.Format) throws -> Int64 {
        if format == .qcow2 { return try read(path).virtualSize }
        let file = try ImageFile(path)
        defer { file.close() }
        return file.size
    }
}

/// An open image file and its first 64 KiB.
struct ImageFile {
    let path: String
    /// The path in messages.
    let name: String
    let descriptor: Int32
    let size: Int64
    var head: [UInt8] = []

    init(_ path: String, named name: String? = nil) throws {
        self.path = path
        self.name = name ?? path
        // Looked at before it is opened: a fifo would be waited for, and to open a device can be to use it.
        let isRegular = SystemCall.status(path).map { $0.st_mode & S_IFMT == S_IFREG }
        if isRegular == false { throw DiskImageError(.wrongFormat, "'\(self.name)' is not a disk image: it is not a regular file") }
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            throw DiskImageError(
                code == ENOENT || code == ENOTDIR ? .missing : code == EACCES ? .permission : .io, "cannot read '\(self.name)': \(reason)")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            throw DiskImageError(.wrongFormat, "'\(self.name)' is not a disk image: it is not a regular file")
        }
        size = Int64(status.st_size)
        do { head = try bytes(at: 0, count: 1 << 16) } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    func close() { Glibc.close(descriptor) }

    /// Up to `count` bytes; fewer at the end of the file.
    func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw DiskImageError(.io, "cannot read '\(name)': \(String(cString: strerror(errno)))") }
                if got == 0 { return }
                filled += got
            }
        }
    }

    /// Whether the first sector is printable text, which no disk starts with.
    var looksLikeText: Bool {
        let sector = head.prefix(512)
        return !sector.isEmpty && sector.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || (0x08...0x0D).contains($0) }
    }
}
