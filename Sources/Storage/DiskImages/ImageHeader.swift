package import AtollModel
import AtollPlatform
import Glibc

/// What an image file says about itself in its first bytes, read without qemu-img.
package struct ImageHeader: Sendable, Equatable {
    package var path: String
    /// `.raw` for a disk without a format of its own, `.iso` for a CD image.
    package var format: DiskSpec.Format
    /// What the guest sees, in bytes.
    package var virtualSize: Int64
    /// Length of the file, holes included.
    package var fileSize: Int64
    /// The most that this file alone can give the guest beside zeros, in bytes: what a raw copy of it takes on disk.
    package var dataSize: Int64 = 0
    /// As written in the header: absolute, or relative to this image's directory. nil without one.
    package var backingFile: String?
    /// The format the header gives its backing file; nil when it leaves that to guessing.
    package var backingFormat: String?
    /// Name of the external file with the data (qcow2 v3); "" when the flag is set and no name is given.
    package var dataFile: String?
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
    /// - Throws: `.missing`, `.permission`, `.damaged`, or `.wrongFormat` naming what the file is instead.
    package static func read(_ path: String) throws -> ImageHeader {
        let file = try ImageFile(path)
        defer { file.close() }
        if file.head.starts(with: QcowTables.magic) { return try QcowTables.header(of: file) }
        if let name = foreignFormat(file) {
            throw DiskImageError(
                .wrongFormat,
                "\(path) is \(name), not a qcow2 or raw disk image; convert it first, for example:"
                    + " qemu-img convert -O qcow2 \(path) disk.qcow2")
        }
        guard file.size > 0, file.size % 512 == 0, !file.looksLikeText else {
            let what = file.size == 0 ? "empty" : file.looksLikeText ? "text" : "not a whole number of 512-byte sectors"
            throw DiskImageError(.wrongFormat, "\(path) is no disk image: it is \(what)")
        }
        let isCD = try file.bytes(at: 0x8001, count: 5) == Array("CD001".utf8)
        let partitioned = file.head.count >= 512 && file.head[510] == 0x55 && file.head[511] == 0xAA
        var header = ImageHeader(path: path, format: isCD && !partitioned ? .iso : .raw, virtualSize: file.size, fileSize: file.size)
        header.dataSize = min(file.size, DiskSpace.allocated(path) ?? file.size)
        return header
    }

    /// What the guest sees of an image whose format is known, in bytes: the bytes of a raw one are its guest's and tell nothing.
    package static func virtualSize(of path: String, format: DiskSpec.Format) throws -> Int64 {
        if format == .qcow2 { return try read(path).virtualSize }
        let file = try ImageFile(path)
        defer { file.close() }
        return file.size
    }

    private static let foreign: [(offset: Int, magic: [UInt8], name: String)] = [
        (0, Array("KDMV".utf8), "a VMware disk (vmdk)"), (0, Array("COWD".utf8), "a VMware disk (vmdk)"),
        (0, Array("# Disk DescriptorFile".utf8), "a VMware disk descriptor (vmdk)"),
        (0x40, [0x7F, 0x10, 0xDA, 0xBE], "a VirtualBox disk (vdi)"),
        (0, Array("vhdxfile".utf8), "a Hyper-V disk (vhdx)"), (0, Array("conectix".utf8), "a Virtual PC disk (vhd)"),
        (0, Array("QED\0".utf8), "a QED disk"), (0, [0x1F, 0x8B], "a gzip file"), (0, [0xFD] + Array("7zXZ\0".utf8), "an xz file"),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "a zstd file"), (0, Array("BZh".utf8), "a bzip2 file"), (0, Array("PK\u{3}\u{4}".utf8), "a zip file"),
        (257, Array("ustar".utf8), "a tar archive (an OVA?)"), (0, [0x7F] + Array("ELF".utf8), "a program"),
        (0, Array("LUKS".utf8) + [0xBA, 0xBE], "a LUKS volume"), (0, Array("LibvirtQemudSave".utf8), "a saved machine of libvirt"),
    ]

    private static func foreignFormat(_ file: ImageFile) -> String? {
        foreign.first { $0.offset < file.head.count && file.head[$0.offset...].starts(with: $0.magic) }?.name
    }
}

/// An open image file and its first 64 KiB.
struct ImageFile {
    let path: String
    let descriptor: Int32
    let size: Int64
    var head: [UInt8] = []

    init(_ path: String) throws {
        self.path = path
        // Looked at before it is opened: a fifo would be waited for, and to open a device can be to use it.
        let isRegular = SystemCall.status(path).map { $0.st_mode & S_IFMT == S_IFREG }
        if isRegular == false { throw DiskImageError(.wrongFormat, "\(path) is no disk image: it is not a regular file") }
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            throw DiskImageError(
                code == ENOENT || code == ENOTDIR ? .missing : code == EACCES ? .permission : .io, "cannot read \(path): \(reason)")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            throw DiskImageError(.wrongFormat, "\(path) is no disk image: it is not a regular file")
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
                guard got >= 0 else { throw DiskImageError(.io, "cannot read \(path): \(String(cString: strerror(errno)))") }
                if got == 0 { return }
                filled += got
            }
        }
    }

    /// Whether the first sector is printable: no disk begins so.
    var looksLikeText: Bool {
        let sector = head.prefix(512)
        return !sector.isEmpty && sector.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || (0x08...0x0D).contains($0) }
    }
}
