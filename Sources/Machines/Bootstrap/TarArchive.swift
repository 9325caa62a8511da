import AtollArchive

/// A POSIX ustar archive of guest files, written in memory: one unpacking puts a whole identity in place, owners and modes included.
package enum TarArchive {
    /// - Parameter time: modification time of every entry, seconds since 1970.
    /// - Throws: `.unrepresentable` for a path the format cannot hold.
    package static func bytes(of files: [GuestFile], time: Int64) throws -> [UInt8] {
        var archive: [UInt8] = []
        for file in files {
            let path = Array(file.path.utf8.drop { $0 == UInt8(ascii: "/") })
            guard !path.isEmpty, !path.contains(0), !file.path.split(separator: "/").contains("..") else {
                throw unrepresentable(file, "it is no plain absolute path")
            }
            var header = TarHeader(name: path, kind: .file, mode: file.mode, modified: time)
            header.owner = file.owner
            header.group = file.group
            var body: [UInt8] = []
            switch file.content {
            case .file(let bytes): body = bytes
            case .directory: header.kind = .directory
            case .link(let target):
                header.kind = .symbolicLink
                header.target = Array(target.utf8)
            }
            header.size = Int64(body.count)
            // Readers in images already built know no longer form.
            guard let block = header.ustar() else { throw unrepresentable(file, "its name, target or owner is too long for a tar archive") }
            archive += block + body + [UInt8](repeating: 0, count: TarHeader.padding(after: header.size))
        }
        return archive + TarHeader.end
    }

    private static func unrepresentable(_ file: GuestFile, _ why: String) -> BootstrapError {
        BootstrapError(.unrepresentable, "cannot pack \(file.path): \(why)")
    }
}
