package import AtollModel
import AtollPlatform
import Glibc

extension ImageHeader {
    /// The backing chain of an image, nearest first, as given by the headers.
    ///
    /// Follows headers only, never qemu-img's format probing. If an image does not name its backing format, the backing file's
    /// own header decides; if it names raw, the backing file is raw whatever a guest wrote into its first sector.
    /// - Parameter path: absolute.
    /// - Parameter format: format the image itself is used as; a raw one has no backing file.
    /// - Throws: `.missing` with the backing file in `file`; `.damaged` for a loop; `.wrongFormat`; `.permission`.
    package static func layers(under path: String, format: DiskSpec.Format) throws -> [Disk.Layer] {
        var chain = [Disk.Layer(path: path, format: format)]
        while let upper = chain.last, upper.format == .qcow2 {
            let header = try read(upper.path)
            guard header.format == .qcow2 else {
                throw DiskImageError(.wrongFormat, "'\(upper.path)': expected qcow2, found \(header.format.rawValue)")
            }
            try header.refuseEncryption(named: upper.path)
            guard let written = header.backingPath else { break }
            let next = Directories.absolute(written, relativeTo: "/")
            guard !chain.contains(where: { $0.path == next }) else {
                throw DiskImageError(.damaged, "'\(path)': its backing chain loops at '\(next)'")
            }
            // A loop through symbolic links has a new name on every pass.
            guard chain.count <= depthLimit else {
                throw DiskImageError(.damaged, "'\(path)': its backing chain has more than \(depthLimit) layers")
            }
            chain.append(Disk.Layer(path: next, format: try parentFormat(next, of: header)))
        }
        return Array(chain.dropFirst())
    }

    private static let depthLimit = 100

    private static func parentFormat(_ next: String, of upper: ImageHeader) throws -> DiskSpec.Format {
        if SystemCall.status(next) == nil {
            let code = errno
            guard code != ENOENT, code != ENOTDIR else {
                throw DiskImageError(.missing, "'\(upper.path)': its backing file '\(next)' does not exist", file: next)
            }
            throw DiskImageError(
                code == EACCES ? .permission : .damaged,
                "'\(upper.path)': cannot read its backing file '\(next)': \(String(cString: strerror(code)))")
        }
        switch upper.backingFormat {
        case "raw": return .raw
        case "qcow2": return .qcow2
        case nil: return try read(next).format == .qcow2 ? .qcow2 : .raw
        case let other?:
            throw DiskImageError(.wrongFormat, "'\(upper.path)': unsupported backing format '\(other)' of '\(next)': expected qcow2 or raw")
        }
    }
}
