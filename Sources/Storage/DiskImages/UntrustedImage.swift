import AtollModel

extension ImageHeader {
    /// Checks a file that is to become a template or be used as a disk by itself: qcow2, raw or iso by its own bytes, whole, and
    /// complete without any other file.
    /// - Throws: `.refersElsewhere` naming the other file; `.damaged`; `.wrongFormat`; `.missing`.
    @discardableResult
    package static func checkStandalone(_ path: String) throws -> ImageHeader {
        var header = try read(path)
        if let backing = header.backingFile {
            throw DiskImageError(
                .refersElsewhere,
                "\(path) backs on another file, \(backing): an image from elsewhere may not, or it could show any file of this host to a guest."
                    + " Flatten it where it was made: qemu-img convert -O qcow2 \(path) flat.qcow2")
        }
        if let data = header.dataFile {
            throw DiskImageError(
                .refersElsewhere,
                "\(path) keeps its data in another file\(data.isEmpty ? "" : ", \(data)"): an image from elsewhere may not."
                    + " Make one file of it where it was made: qemu-img convert -O qcow2 \(path) flat.qcow2")
        }
        if header.format == .qcow2 {
            let file = try ImageFile(path)
            defer { file.close() }
            header.dataSize = try QcowTables.checkWhole(file)
        }
        return header
    }
}
