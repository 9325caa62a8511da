import AtollArchive
import AtollPlatform

/// A tree of this machine copied as if it came from another: the same limits and refusals hold.
enum TarCopy {
    static func copy(_ from: String, to: String, excluding: [String] = [], limits: TarLimits) throws -> TarReport {
        try Directories.make(to)
        var extraction = try TarExtraction(into: to, limits: limits)
        var writer = try TarWriter(contentsOf: from, excluding: excluding)
        while let piece = try writer.next() { try extraction.feed(piece) }
        return try extraction.finish()
    }
}
