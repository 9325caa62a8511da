import AtollArchive
@testable import AtollBootstrap

struct Malformed: Error { var what: String }

/// Reads the root directory of an ISO 9660 volume by its Rock Ridge names, from nothing but the bytes.
struct ISOReader {
    var label: String
    var files: [String: [UInt8]] = [:]

    init(_ image: [UInt8]) throws {
        func little(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(image[at + $1]) << (8 * $1) } }
        func both(_ at: Int) throws -> Int {
            let big = (0..<4).reduce(0) { $0 << 8 | Int(image[at + 4 + $1]) }
            guard little(at) == big else { throw Malformed(what: "two byte orders differ at \(at)") }
            return big
        }
        let descriptor = 16 * 2048
        guard Array(image[descriptor..<descriptor + 7]) == [1] + Array("CD001".utf8) + [1], image[17 * 2048] == 255 else {
            throw Malformed(what: "no volume descriptor")
        }
        guard try both(descriptor + 80) * 2048 == image.count else { throw Malformed(what: "the volume's size is wrong") }
        label = String(decoding: image[descriptor + 40..<descriptor + 72], as: UTF8.self).split(separator: " ").joined()
        let root = try both(descriptor + 156 + 2) * 2048
        guard little(18 * 2048 + 2) * 2048 == root else { throw Malformed(what: "the path table leads elsewhere") }
        let size = try both(descriptor + 156 + 10)
        var at = root
        var seen = 0
        while at < root + size {
            let length = Int(image[at])
            if length == 0 {
                at = (at / 2048 + 1) * 2048
                continue
            }
            guard at / 2048 == (at + length - 1) / 2048, length % 2 == 0 else { throw Malformed(what: "a record crosses a sector") }
            let extent = try both(at + 2) * 2048
            let count = try both(at + 10)
            var field = at + 33 + Int(image[at + 32])
            field += field % 2 == at % 2 ? 0 : 1
            var name: String?
            if seen == 0, Array(image[field..<field + 7]) != Array("SP".utf8) + [7, 1, 0xBE, 0xEF, 0] { throw Malformed(what: "no SP") }
            while field + 4 <= at + length, image[field + 2] >= 4 {
                if image[field] == UInt8(ascii: "N"), image[field + 1] == UInt8(ascii: "M") {
                    name = String(decoding: image[field + 5..<field + Int(image[field + 2])], as: UTF8.self)
                }
                field += Int(image[field + 2])
            }
            if seen >= 2 {
                guard let name else { throw Malformed(what: "a record without a name") }
                files[name] = Array(image[extent..<extent + count])
            }
            seen += 1
            at += length
        }
    }

    func text(_ name: String) -> String? { files[name].map { String(decoding: $0, as: UTF8.self) } }
}

enum TarReader {
    static func entries(_ archive: [UInt8]) throws -> [GuestFile] {
        func text(_ at: Int, _ count: Int) -> String { String(decoding: archive[at..<at + count].prefix { $0 != 0 }, as: UTF8.self) }
        func octal(_ at: Int, _ count: Int) throws -> Int {
            guard let value = Int(text(at, count).filter { $0 != " " }, radix: 8) else { throw Malformed(what: "no number at \(at)") }
            return value
        }
        var entries: [GuestFile] = []
        var at = 0
        while at + 512 <= archive.count, archive[at] != 0 {
            let sum = archive[at..<at + 512].enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
            guard try octal(at + 148, 8) == sum, text(at + 257, 6) == "ustar" else { throw Malformed(what: "bad header at \(at)") }
            let size = try octal(at + 124, 12)
            let prefix = text(at + 345, 155)
            var path = "/" + (prefix.isEmpty ? "" : prefix + "/") + text(at, 100)
            if path.hasSuffix("/") { path.removeLast() }
            let content: GuestFile.Content =
                switch archive[at + 156] {
                case UInt8(ascii: "5"): .directory
                case UInt8(ascii: "2"): .link(to: text(at + 157, 100))
                default: .file(Array(archive[at + 512..<at + 512 + size]))
                }
            entries.append(
                GuestFile(
                    path, content, mode: UInt32(try octal(at + 100, 8)), owner: UInt32(try octal(at + 108, 8)),
                    group: UInt32(try octal(at + 116, 8))))
            at += 512 + (size + 511) / 512 * 512
        }
        return entries
    }
}
