import Glibc

/// Room on a filesystem.
package enum DiskSpace {
    /// Bytes that this user may still write where `path` is, or would be made. nil when that cannot be told.
    package static func available(_ path: String) -> Int64? {
        var place = path
        while !SystemCall.exists(place), let slash = place.lastIndex(of: "/") {
            place = slash == place.startIndex ? "/" : String(place[..<slash])
            if place == "/" { break }
        }
        var value = statvfs()
        guard statvfs(place.isEmpty ? "." : place, &value) == 0 else { return nil }
        return Int64(clamping: UInt64(value.f_bavail).multipliedReportingOverflow(by: UInt64(value.f_frsize)).partialValue)
    }

    /// Bytes of disk that the file at `path` occupies, holes not counted. nil when it is not there.
    package static func allocated(_ path: String) -> Int64? { SystemCall.status(path).map { Int64($0.st_blocks) * 512 } }
}
