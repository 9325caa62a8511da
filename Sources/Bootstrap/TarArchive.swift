/// A POSIX ustar archive of guest files, written in memory: one unpacking puts a whole identity in place, owners and modes included.
public enum TarArchive {
    /// - Parameter time: modification time of every entry, seconds since 1970.
    /// - Throws: `.unrepresentable` for a path the format cannot hold.
    public static func bytes(of files: [GuestFile], time: Int64) throws -> [UInt8] {
        var archive: [UInt8] = []
        for file in files {
            var header = [UInt8](repeating: 0, count: 512)
            var body: [UInt8] = []
            var path = String(file.path.drop { $0 == "/" })
            var type = UInt8(ascii: "0")
            switch file.content {
            case .file(let bytes): body = bytes
            case .directory:
                type = UInt8(ascii: "5")
                path += "/"
            case .link(let target):
                type = UInt8(ascii: "2")
                guard target.utf8.count <= 100 else { throw unrepresentable(file, "its target is longer than 100 bytes") }
                put(Array(target.utf8), at: 157, in: &header)
            }
            let (prefix, name) = try split(path, of: file)
            put(name, at: 0, in: &header)
            put(prefix, at: 345, in: &header)
            try putOctal(UInt64(file.mode & 0o7777), at: 100, digits: 7, in: &header, of: file)
            try putOctal(UInt64(file.owner), at: 108, digits: 7, in: &header, of: file)
            try putOctal(UInt64(file.group), at: 116, digits: 7, in: &header, of: file)
            try putOctal(UInt64(body.count), at: 124, digits: 11, in: &header, of: file)
            try putOctal(UInt64(max(0, time)), at: 136, digits: 11, in: &header, of: file)
            header[156] = type
            put(Array("ustar\u{0}00".utf8), at: 257, in: &header)
            // Numbers decide; names are for people, and other readers want one.
            if file.owner == 0 { put(Array("root".utf8), at: 265, in: &header) }
            if file.group == 0 { put(Array("root".utf8), at: 297, in: &header) }
            // The sum is taken with its own field full of spaces.
            put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148, in: &header)
            let sum = header.reduce(0) { $0 + UInt64($1) }
            try putOctal(sum, at: 148, digits: 6, in: &header, of: file)
            header[154] = 0
            archive += header + body + [UInt8](repeating: 0, count: (512 - body.count % 512) % 512)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    /// The path in its two fields: up to 155 bytes of directories, up to 100 of the rest.
    private static func split(_ path: String, of file: GuestFile) throws -> (prefix: [UInt8], name: [UInt8]) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), !path.split(separator: "/").contains("..") else {
            throw unrepresentable(file, "it is no plain absolute path")
        }
        if bytes.count <= 100 { return ([], bytes) }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") && index <= 155 {
            let name = bytes[(index + 1)...]
            if !name.isEmpty, name.count <= 100 { return (Array(bytes[..<index]), Array(name)) }
        }
        throw unrepresentable(file, "its name is too long for a tar archive")
    }

    private static func put(_ bytes: [UInt8], at offset: Int, in header: inout [UInt8]) {
        header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    private static func putOctal(_ value: UInt64, at offset: Int, digits: Int, in header: inout [UInt8], of file: GuestFile) throws {
        let text = String(value, radix: 8)
        guard text.utf8.count <= digits else { throw unrepresentable(file, "\(value) does not fit a field of its header") }
        put(Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8), at: offset, in: &header)
    }

    private static func unrepresentable(_ file: GuestFile, _ why: String) -> BootstrapError {
        BootstrapError(.unrepresentable, "cannot pack \(file.path): \(why)")
    }
}
