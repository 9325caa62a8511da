package import AtollModel
import AtollPlatform
import Glibc

extension ImageHeader {
    /// Everything that lies under an image, nearest first, as the headers say it: each image's parent, to the very end.
    ///
    /// Headers alone are followed, never guesses of qemu-img. An image that leaves its parent's format open gets what the parent's own
    /// bytes say; one that calls it raw has it raw, whatever a guest wrote into its first sector.
    /// - Parameter path: absolute.
    /// - Parameter format: what the image itself is used as; nothing lies under a raw one.
    /// - Throws: `.missing` with the layer in `file`; `.damaged` for a loop; `.wrongFormat`; `.permission`.
    package static func layers(under path: String, format: DiskSpec.Format) throws -> [Disk.Layer] {
        var chain = [Disk.Layer(path: path, format: format)]
        while let upper = chain.last, upper.format == .qcow2 {
            let header = try read(upper.path)
            guard header.format == .qcow2 else {
                throw DiskImageError(.wrongFormat, "\(upper.path) is used as qcow2 and is \(header.format.rawValue)")
            }
            guard let written = header.backingPath else { break }
            let next = Directories.absolute(written, relativeTo: "/")
            guard !chain.contains(where: { $0.path == next }) else {
                throw DiskImageError(.damaged, "\(path) backs on itself through \(next)")
            }
            // A loop through links has a new name at every turn.
            guard chain.count <= depthLimit else { throw DiskImageError(.damaged, "\(path) has more than \(depthLimit) layers") }
            chain.append(Disk.Layer(path: next, format: try parentFormat(next, of: header)))
        }
        return Array(chain.dropFirst())
    }

    private static let depthLimit = 100

    private static func parentFormat(_ next: String, of upper: ImageHeader) throws -> DiskSpec.Format {
        if SystemCall.status(next) == nil {
            let code = errno
            guard code != ENOENT, code != ENOTDIR else {
                throw DiskImageError(.missing, "\(upper.path) backs on \(next), which does not exist", file: next)
            }
            throw DiskImageError(
                code == EACCES ? .permission : .damaged,
                "\(upper.path) backs on \(next), which cannot be looked at: \(String(cString: strerror(code)))")
        }
        switch upper.backingFormat {
        case "raw": return .raw
        case "qcow2": return .qcow2
        case nil: return try read(next).format == .qcow2 ? .qcow2 : .raw
        case let other?:
            throw DiskImageError(.wrongFormat, "\(upper.path) backs on \(next) as \(other); only qcow2 and raw are used")
        }
    }
}
