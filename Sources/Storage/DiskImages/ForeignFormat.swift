import AtollCommands
import AtollPlatform

/// A compression that a template import undoes.
package enum Compression: String, Sendable, CaseIterable {
    /// The name of the format and of its program.
    case xz, gzip, bzip2, zstd

    /// The compression of the file at `path`, by its first bytes; nil for every other file and one that cannot be read.
    package static func detect(_ path: String) -> Compression? {
        guard let file = try? ImageFile(path) else { return nil }
        defer { file.close() }
        guard case .compressed(let found) = ForeignFormat.detect(file.head) else { return nil }
        return found
    }

    /// Arguments that decompress standard input to standard output.
    var arguments: [String] {
        switch self {
        case .xz: ["-dc", "-T1"]
        case .gzip, .bzip2: ["-dc"]
        // Windows above 128 MiB are refused otherwise.
        case .zstd: ["-dcq", "--long=31"]
        }
    }
}

/// A file that is not a disk image that QEMU can use as qcow2 or raw, recognized by its first bytes.
enum ForeignFormat: Equatable {
    case compressed(Compression)
    /// Compressed by a program that imports do not run; the command that writes the content to standard output.
    case otherCompressed(name: String, command: [String])
    /// Holds other files; the command that lists them.
    case archive(name: String, list: [String])
    /// An image that qemu-img converts; `driver` is its name of the format.
    case disk(name: String, driver: String)
    case luks
    case other(name: String)

    /// Bytes at the start of a file that `detect` looks at.
    static let length = 512

    static func detect(_ head: [UInt8]) -> ForeignFormat? {
        if let found = table.first(where: { $0.offset < head.count && head[$0.offset...].starts(with: $0.magic) }) { return found.format }
        return isTarHeader(head) ? tar : nil
    }

    private static let tar = ForeignFormat.archive(name: "a tar archive (an OVA?)", list: ["tar", "-tf"])

    private static let table: [(offset: Int, magic: [UInt8], format: ForeignFormat)] =
        [
            (0, [0xFD] + Array("7zXZ\0".utf8), .compressed(.xz)), (0, [0x1F, 0x8B, 0x08], .compressed(.gzip)),
            (0, [0x28, 0xB5, 0x2F, 0xFD], .compressed(.zstd)),
        ]
        + (UInt8(ascii: "1")...UInt8(ascii: "9")).map { level in
            (0, Array("BZh".utf8) + [level, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59], .compressed(.bzip2))
        } + [
            (0, [0x04, 0x22, 0x4D, 0x18], .otherCompressed(name: "lz4", command: ["lz4", "-dc"])),
            (0, Array("LZIP".utf8), .otherCompressed(name: "lzip", command: ["lzip", "-dc"])),
            (0, [0x5D, 0, 0], .otherCompressed(name: "lzma", command: ["xz", "-dc", "--format=lzma"])),
            (0, [0x1F, 0x9D], .otherCompressed(name: "compress (.Z)", command: ["gzip", "-dc"])),
            (0, [0x89] + Array("LZO\0".utf8), .otherCompressed(name: "lzop", command: ["lzop", "-dc"])),
            (257, Array("ustar".utf8), tar),
            (0, Array("PK\u{3}\u{4}".utf8), .archive(name: "a zip archive", list: ["unzip", "-l"])),
            (0, Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], .archive(name: "a 7z archive", list: ["7z", "l"])),
            (0, Array("Rar!".utf8) + [0x1A, 7], .archive(name: "a rar archive", list: ["unrar", "l"])),
            (0, Array("MSCF\0".utf8), .archive(name: "a cabinet archive", list: ["cabextract", "-l"])),
            (0, Array("07070".utf8), .archive(name: "a cpio archive", list: ["cpio", "-t", "-F"])),
            (0, Array("!<arch>\n".utf8), .archive(name: "an ar archive (a Debian package?)", list: ["ar", "t"])),
            (0, [0xED, 0xAB, 0xEE, 0xDB], .archive(name: "an RPM package", list: ["rpm", "-qlp"])),
            (0, Array("KDMV".utf8), .disk(name: "a VMware disk (vmdk)", driver: "vmdk")),
            (0, Array("COWD".utf8), .disk(name: "a VMware disk (vmdk)", driver: "vmdk")),
            (0, Array("# Disk DescriptorFile".utf8), .disk(name: "a VMware disk descriptor (vmdk)", driver: "vmdk")),
            (0x40, [0x7F, 0x10, 0xDA, 0xBE], .disk(name: "a VirtualBox disk (vdi)", driver: "vdi")),
            (0, Array("vhdxfile".utf8), .disk(name: "a Hyper-V disk (vhdx)", driver: "vhdx")),
            (0, Array("conectix".utf8), .disk(name: "a Virtual PC disk (vhd)", driver: "vpc")),
            (0, Array("QED\0".utf8), .disk(name: "a QED disk", driver: "qed")),
            (0, Array("WithoutFreeSpace".utf8), .disk(name: "a Parallels disk", driver: "parallels")),
            (0, Array("WithouFreSpacExt".utf8), .disk(name: "a Parallels disk", driver: "parallels")),
            (0, Array("LUKS".utf8) + [0xBA, 0xBE], .luks),
            (0, [0x7F] + Array("ELF".utf8), .other(name: "a program")),
            (0, Array("LibvirtQemudSave".utf8), .other(name: "a saved domain of libvirt")),
        ]

    /// A tar header from before `ustar`: its checksum is the sum of its bytes with spaces for the checksum itself.
    private static func isTarHeader(_ head: [UInt8]) -> Bool {
        guard head.count >= 512, head[0] != 0 else { return false }
        let field = head[148..<156].filter { $0 != 0 && $0 != 0x20 }
        guard field.count >= 3, let written = Int(String(decoding: field, as: UTF8.self), radix: 8) else { return false }
        let sum = head[..<148].reduce(0) { $0 + Int($1) } + 8 * 0x20 + head[156..<512].reduce(0) { $0 + Int($1) }
        return sum == written
    }

    /// The error for a file of this format, with the command that makes a usable image of it.
    /// - Parameter path: as messages name the file.
    func refusal(of path: String) -> DiskImageError {
        let file = ShellWord.quoted(path)
        let isNot = "not a qcow2 or raw disk image"
        switch self {
        case .compressed(let compression):
            let target = ShellWord.quoted(Self.freshName(beside: path, dropping: ["xz", "gz", "bz2", "zst"], ending: "img"))
            return DiskImageError(
                .wrongFormat,
                "'\(path)' is compressed with \(compression.rawValue), \(isNot); import it as a template, which decompresses it:"
                    + " atoll template import \(file); or decompress it: \(compression.rawValue) -dc < \(file) > \(target)")
        case .otherCompressed(let name, let command):
            let target = ShellWord.quoted(Self.freshName(beside: path, dropping: ["lz4", "lz", "lzma", "Z", "lzo"], ending: "img"))
            return DiskImageError(
                .wrongFormat,
                "'\(path)' is compressed with \(name), \(isNot); decompress it: \(ShellWord.joined(command)) < \(file) > \(target)")
        case .archive(let name, let list):
            return DiskImageError(
                .wrongFormat,
                "'\(path)' is \(name), \(isNot); extract the disk image, then use that; list the content: \(ShellWord.joined(list)) \(file)"
            )
        case .disk(let name, let driver):
            let target = ShellWord.quoted(Self.freshName(beside: path, dropping: [], ending: "qcow2"))
            return DiskImageError(
                .wrongFormat, "'\(path)' is \(name), \(isNot); convert it: qemu-img convert -f \(driver) -O qcow2 \(file) \(target)")
        case .luks: return Self.encrypted(path, "a LUKS volume", driver: "luks", key: "key-secret")
        case .other(let name): return DiskImageError(.wrongFormat, "'\(path)' is \(name), \(isNot)")
        }
    }

    /// The error for an image that needs a passphrase, with the command that makes a copy without one.
    static func encrypted(_ path: String, _ what: String, driver: String, key: String) -> DiskImageError {
        let target = freshName(beside: path, dropping: [], ending: "qcow2")
        // A comma is doubled inside an option of QEMU.
        let file = path.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
        let command = ShellWord.joined([
            "qemu-img", "convert", "--object", "secret,id=key,file=PASSPHRASE_FILE", "--image-opts",
            "driver=\(driver),file.driver=file,file.filename=\(file),\(key)=key", "-O", "qcow2", target,
        ])
        return DiskImageError(.wrongFormat, "'\(path)' is \(what), and encrypted images are unsupported; decrypt a copy: \(command)")
    }

    /// A path beside `path` that does not exist, so that a copied command overwrites nothing.
    private static func freshName(beside path: String, dropping endings: [String], ending: String) -> String {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let (directory, file) = (String(path[..<slash]), String(path[slash...]))
        func cut(_ name: String, _ endings: [String]) -> String {
            guard let dot = name.lastIndex(of: "."), dot != name.startIndex, endings.contains(String(name[name.index(after: dot)...]))
            else {
                return name
            }
            return String(name[..<dot])
        }
        let inner = cut(file, endings)
        let hasEnding = inner != file && ["img", "raw", "qcow2"].contains { inner.hasSuffix("." + $0) }
        let last = hasEnding ? String(inner[inner.index(after: inner.lastIndex(of: ".") ?? inner.startIndex)...]) : ending
        let base = cut(inner, ["img", "raw", "qcow2", "vmdk", "vdi", "vhdx", "vhd", "qed", "hds", "luks"])
        let names = [base + "." + last] + (2...99).map { "\(base)-\($0).\(last)" }
        return directory + (names.first { !SystemCall.exists(directory + $0) } ?? names[0])
    }
}
