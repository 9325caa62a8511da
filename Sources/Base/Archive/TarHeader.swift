/// One member of a tar archive, as its header has it. Names are bytes: archives promise no encoding.
///
/// What is written is ustar, with GNU's `L` and `K` members for long names and its binary form for sizes over 8 GiB rather than pax
/// headers: GNU tar, bsdtar, Go and Python read both, busybox passes over pax and would cut the names.
package struct TarHeader: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case file, hardLink, symbolicLink, directory
        /// A device, a fifo, or what nobody here knows: its type byte.
        case other(UInt8)
    }

    /// Without a slash at the end; `kind` says what is a directory.
    package var name: [UInt8]
    package var kind: Kind
    /// Permission bits with set-id and sticky.
    package var mode: UInt32
    package var owner: UInt32 = 0
    package var group: UInt32 = 0
    /// Size of the file in bytes, holes included.
    package var size: Int64 = 0
    /// Regions of a sparse file that the archive stores, in order; nil for a file that is stored whole.
    package var segments: [TarSegment]?
    /// Seconds since 1970.
    package var modified: Int64 = 0
    /// Where a link points to.
    package var target: [UInt8] = []
    /// Why the member cannot be used, when an extended header of it made no sense.
    package var fault: String?

    /// Bytes of content that follow the header.
    package var stored: Int64 { segments.map { $0.reduce(0) { $0 + $1.length } } ?? size }

    package init(name: [UInt8], kind: Kind, mode: UInt32, size: Int64 = 0, modified: Int64 = 0, target: [UInt8] = []) {
        self.name = name
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modified = modified
        self.target = target
    }

    /// The length of all blocks.
    package static let block = 512
    /// What ends an archive.
    package static let end = [UInt8](repeating: 0, count: 2 * block)
    /// Zeros after a content of this many bytes.
    package static func padding(after size: Int64) -> Int { Int((512 - size % 512) % 512) }

    /// The header block; nil when a name, target or number does not fit its field.
    package func ustar() -> [UInt8]? {
        guard let (prefix, short) = Self.split(kind == .directory ? name + [UInt8(ascii: "/")] : name), target.count <= 100 else {
            return nil
        }
        return block(prefix: prefix, name: short, target: target, size: Self.octal(size, digits: 11))
    }

    /// The header block, after the members that carry what does not fit it.
    package func encoded() -> [UInt8] {
        if let segments { return encoded(segments) }
        if let plain = ustar() { return plain }
        var before: [UInt8] = []
        var (prefix, short): ([UInt8], [UInt8]) = ([], Array(name.prefix(100)))
        if let fitting = Self.split(kind == .directory ? name + [UInt8(ascii: "/")] : name) {
            (prefix, short) = fitting
        } else {
            before += Self.long(UInt8(ascii: "L"), name)
        }
        if target.count > 100 { before += Self.long(UInt8(ascii: "K"), target) }
        let header = block(
            prefix: prefix, name: short, target: Array(target.prefix(100)), size: Self.octal(size, digits: 11) ?? Self.binary(size))
        return before + (header ?? [])
    }

    /// GNU's old format of sparse files, which GNU tar, bsdtar, Go and Python read: four segments in the header, 21 in each block after it.
    private func encoded(_ segments: [TarSegment]) -> [UInt8] {
        func entries(_ part: ArraySlice<TarSegment>) -> [UInt8] { part.flatMap { Self.number($0.offset) + Self.number($0.length) } }
        guard var header = block(prefix: [], name: Array(name.prefix(100)), target: [], size: Self.number(stored)) else { return [] }
        func put(_ bytes: [UInt8], at offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        header[156] = UInt8(ascii: "S")
        put(Array("ustar  \u{0}".utf8), at: 257)
        put(entries(segments.prefix(4)), at: 386)
        header[482] = segments.count > 4 ? 1 : 0
        put(Self.number(size), at: 483)
        Self.putSum(&header)
        var rest = segments.dropFirst(4)
        var after: [UInt8] = []
        while !rest.isEmpty {
            let part = entries(rest.prefix(21))
            rest = rest.dropFirst(21)
            after += part + [UInt8](repeating: 0, count: 504 - part.count) + [rest.isEmpty ? 0 : 1] + [UInt8](repeating: 0, count: 7)
        }
        return (name.count > 100 ? Self.long(UInt8(ascii: "L"), name) : []) + header + after
    }

    /// A number field of 12 bytes.
    private static func number(_ value: Int64) -> [UInt8] { octal(value, digits: 11).map { $0 + [0] } ?? binary(value) }

    private static func long(_ type: UInt8, _ text: [UInt8]) -> [UInt8] {
        var header = TarHeader(name: Array("././@LongLink".utf8), kind: .other(type), mode: 0o644, size: Int64(text.count + 1))
        header.modified = 0
        let body = text + [UInt8](repeating: 0, count: 1 + padding(after: header.size))
        return (header.ustar() ?? []) + body
    }

    /// nil when a number does not fit, or `size` is nil.
    private func block(prefix: [UInt8], name: [UInt8], target: [UInt8], size: [UInt8]?) -> [UInt8]? {
        guard let mode = Self.octal(Int64(mode & 0o7777), digits: 7), let owner = Self.octal(Int64(owner), digits: 7),
            let group = Self.octal(Int64(group), digits: 7), let size, let time = Self.octal(max(0, modified), digits: 11)
        else { return nil }
        var header = [UInt8](repeating: 0, count: Self.block)
        func put(_ bytes: [UInt8], at offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put(name, at: 0)
        put(mode, at: 100)
        put(owner, at: 108)
        put(group, at: 116)
        put(size, at: 124)
        put(time, at: 136)
        header[156] = kind.type
        put(target, at: 157)
        put(Array("ustar\u{0}00".utf8), at: 257)
        // Numbers decide; names are for people, and other readers want one.
        if self.owner == 0 { put(Array("root".utf8), at: 265) }
        if self.group == 0 { put(Array("root".utf8), at: 297) }
        put(prefix, at: 345)
        Self.putSum(&header)
        return header
    }

    /// The sum is taken with its own field full of spaces.
    private static func putSum(_ header: inout [UInt8]) {
        header.replaceSubrange(148..<156, with: [UInt8](repeating: UInt8(ascii: " "), count: 8))
        let sum = header.withUnsafeBytes { TarNumber.sum($0) }
        let digits = octal(Int64(sum), digits: 6) ?? []
        header.replaceSubrange(148..<148 + digits.count, with: digits)
        header[154] = 0
    }

    /// The path in its two fields: up to 155 bytes of directories, up to 100 of the rest.
    private static func split(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if path.count <= 100 { return ([], path) }
        for index in path.indices where path[index] == UInt8(ascii: "/") && index <= 155 && index > 0 {
            let name = path[(index + 1)...]
            if !name.isEmpty, name.count <= 100 { return (Array(path[..<index]), Array(name)) }
        }
        return nil
    }

    private static func octal(_ value: Int64, digits: Int) -> [UInt8]? {
        var rest = value
        var text = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
        for index in stride(from: digits - 1, through: 0, by: -1) where rest > 0 {
            text[index] = UInt8(ascii: "0") + UInt8(rest & 7)
            rest >>= 3
        }
        return rest == 0 && value >= 0 ? text : nil
    }

    /// GNU's form of large numbers: the top bit set, then the number itself, the largest byte first.
    private static func binary(_ value: Int64) -> [UInt8] {
        [0x80, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * Int64($0))) }
    }
}

extension TarHeader.Kind {
    /// The byte that stands for it in a header.
    var type: UInt8 {
        switch self {
        case .file: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .directory: UInt8(ascii: "5")
        case .other(let type): type
        }
    }

    init(type: UInt8) {
        self =
            switch type {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
            case UInt8(ascii: "1"): .hardLink
            case UInt8(ascii: "2"): .symbolicLink
            case UInt8(ascii: "5"): .directory
            default: .other(type)
            }
    }

    /// What it is, for a report.
    var words: String {
        switch self {
        case .file: "a file"
        case .hardLink: "a hard link"
        case .symbolicLink: "a symbolic link"
        case .directory: "a directory"
        case .other(UInt8(ascii: "3")), .other(UInt8(ascii: "4")): "a device node"
        case .other(UInt8(ascii: "6")): "a fifo"
        case .other(let type):
            "of the unknown type \(type < 0x21 || type > 0x7E ? "0x" + String(type, radix: 16) : "“\(Character(UnicodeScalar(type)))”")"
        }
    }
}

/// The numbers in a header block.
enum TarNumber {
    /// The sum of all bytes, eight at a time: archives of 100,000 files have as many headers.
    static func sum(_ block: UnsafeRawBufferPointer) -> UInt64 {
        var even: UInt64 = 0
        var odd: UInt64 = 0
        var at = 0
        // A lane holds 64 * 255: no carry into the next one.
        while at + 8 <= block.count {
            let word = block.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            even &+= word & 0x00FF_00FF_00FF_00FF
            odd &+= (word >> 8) & 0x00FF_00FF_00FF_00FF
            at += 8
        }
        var total: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 16) { total += (even >> shift) & 0xFFFF + (odd >> shift) & 0xFFFF }
        return total
    }

    /// A field of octal digits between spaces and zeros, or GNU's binary form; nil for anything else, and for what is negative or too
    /// large. An empty field is 0.
    static func parse(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            return field.dropFirst().reduce(Int64?(0)) { value, byte in
                value.flatMap { $0 >> 55 == 0 ? $0 << 8 | Int64(byte) : nil }
            }
        }
        let text = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        return text.reduce(Int64?(0)) { value, byte in
            value.flatMap { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) && $0 >> 60 == 0 ? $0 << 3 | Int64(byte & 7) : nil }
        }
    }
}
