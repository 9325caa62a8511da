import Glibc

/// Holes of files on this host.
enum FileHoles {
    /// Holes shorter than this are stored as zeros, in bytes; segments begin and end at multiples of it.
    static let smallest: Int64 = 4096
    // Linux's SEEK_DATA and SEEK_HOLE, which Glibc shows to GNU sources only.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    /// The regions of an open file that are no hole, in order.
    /// - Returns: nil where the file has no hole, or its file system does not report holes.
    static func segments(of descriptor: Int32, size: Int64) -> [TarSegment]? {
        var segments: [TarSegment] = []
        var at: Int64 = 0
        while at < size {
            let found = Int64(lseek(descriptor, off_t(at), seekData))
            // ENXIO: a hole to the end.
            if found < 0, errno == ENXIO { break }
            guard found >= at, found < size else {
                if found >= size { break }
                return nil
            }
            let hole = Int64(lseek(descriptor, off_t(found), seekHole))
            guard hole > found else { return nil }
            let start = found / smallest * smallest
            // A file with this many holes is stored whole from here on.
            let isLast = segments.count + 1 == TarSparseMap.mostSegments
            let end = isLast ? size : min(size, (hole + smallest - 1) / smallest * smallest)
            if let last = segments.last, start <= last.end {
                segments[segments.count - 1].length = end - last.offset
            } else {
                segments.append(TarSegment(offset: start, length: end - start))
            }
            at = end
        }
        let stored = segments.reduce(0) { $0 + $1.length }
        guard stored < size else { return nil }
        // As GNU tar has it, an empty segment marks the end of a file that ends with a hole.
        if segments.last?.end ?? 0 < size {
            if segments.count == TarSparseMap.mostSegments { return nil }
            segments.append(TarSegment(offset: size, length: 0))
        }
        return segments
    }
}
