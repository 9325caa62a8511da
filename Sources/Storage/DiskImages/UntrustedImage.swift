import AtollCommands
package import AtollModel

extension ImageHeader {
    /// Checks a file that is to become a template or be used as a disk by itself: qcow2, raw or iso by its own bytes, whole, and
    /// complete without any other file.
    /// - Parameter written: the file's path in messages, if it is a copy that the user does not know.
    /// - Throws: `.refersElsewhere` naming the other file; `.damaged`; `.wrongFormat`; `.missing`.
    @discardableResult
    package static func checkStandalone(_ path: String, named written: String? = nil) throws -> ImageHeader {
        var header = try read(path, named: written)
        let name = written ?? path
        let flatten = "qemu-img convert -O qcow2 \(ShellWord.quoted(name)) flat.qcow2"
        try header.refuseEncryption(named: name)
        if let backing = header.backingFile {
            throw DiskImageError(
                .refersElsewhere,
                "'\(name)' has the backing file '\(backing)', which an image from elsewhere may not: it could show any file of this host to a guest."
                    + " Flatten it where it was made: \(flatten)")
        }
        if let data = header.dataFile {
            throw DiskImageError(
                .refersElsewhere,
                "'\(name)' keeps its data in another file\(data.isEmpty ? "" : ", '\(data)'"), which an image from elsewhere may not."
                    + " Flatten it where it was made: \(flatten)")
        }
        if header.format == .qcow2 {
            let file = try ImageFile(path, named: written)
            defer { file.close() }
            try refuseForeign(try QcowTables.guestHead(file) ?? [], in: name)
            header.dataSize = try QcowTables.checkWhole(file)
        }
        return header
    }

    /// Checks that a file can be the disk of a VM in the given format: not encrypted, and its content is not a compressed file, an archive
    /// or another image.
    /// - Throws: `.wrongFormat`, naming what it is and what to do.
    package static func checkContent(_ path: String, as format: DiskSpec.Format, named written: String? = nil) throws {
        let file = try ImageFile(path, named: written)
        defer { file.close() }
        guard format == .qcow2 else {
            // A disk may be one LUKS volume, for the guest to open.
            if let foreign = ForeignFormat.detect(file.head), foreign != .luks { throw foreign.refusal(of: file.name) }
            return
        }
        try read(path, named: written).refuseEncryption(named: file.name)
        try refuseForeign(try QcowTables.guestHead(file) ?? [], in: file.name)
    }

    func refuseEncryption(named name: String) throws {
        guard let encryption else { return }
        throw ForeignFormat.encrypted(name, "a qcow2 image encrypted with \(encryption)", driver: "qcow2", key: "encrypt.key-secret")
    }

    /// A disk image that was made of a file that is not a disk, for example with qemu-img convert of a compressed image.
    static func refuseForeign(_ head: [UInt8], in name: String) throws {
        let what: String
        switch ForeignFormat.detect(head) {
        case .compressed(let compression): what = "a file compressed with \(compression.rawValue)"
        case .otherCompressed(let name, _): what = "a file compressed with \(name)"
        case .archive(let name, _), .disk(let name, _): what = name
        case .luks, .other, nil:
            guard head.starts(with: QcowTables.magic) else { return }
            what = "another qcow2 image"
        }
        throw DiskImageError(
            .wrongFormat,
            "'\(name)' does not contain a disk but \(what): it was made of that file and cannot boot; get the original file, decompress or"
                + " extract it, and use the disk image inside")
    }
}
