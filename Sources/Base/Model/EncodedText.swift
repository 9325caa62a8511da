/// Text decoded from bytes in one of the encodings that users' files come in: UTF-8, UTF-16 and UTF-32 with or without a byte order mark,
/// ISO-8859-1, ISO-8859-15 and windows-1252.
public struct EncodedText: Sendable, Equatable {
    /// A declared encoding that is not supported.
    public struct UnsupportedEncoding: Error, Sendable, Equatable { public var name: String }

    public enum Encoding: String, Sendable, CaseIterable {
        case utf8 = "UTF-8"
        case utf16LittleEndian = "UTF-16LE"
        case utf16BigEndian = "UTF-16BE"
        case utf32LittleEndian = "UTF-32LE"
        case utf32BigEndian = "UTF-32BE"
        case latin1 = "ISO-8859-1"
        case latin9 = "ISO-8859-15"
        case windows1252 = "windows-1252"
    }

    /// Without the byte order mark.
    public var text: String
    public var encoding: Encoding
    /// Whether bytes that are invalid in the encoding were replaced by U+FFFD.
    public var isLossy: Bool

    /// Decodes bytes: by their byte order mark, else by the zero bytes that UTF-16 and UTF-32 have in ASCII text, else as declared, else as
    /// UTF-8.
    /// - Parameter declared: name of the encoding that the document states.
    public init(_ bytes: [UInt8], declared: String? = nil) throws(UnsupportedEncoding) {
        let (found, mark) = Self.detected(bytes)
        let encoding: Encoding
        if let found { encoding = found } else { encoding = try Self.named(declared) }
        self.init(bytes[mark...], encoding)
    }

    private init(_ bytes: ArraySlice<UInt8>, _ encoding: Encoding) {
        self.encoding = encoding
        switch encoding {
        case .utf8:
            let valid = String(validating: bytes, as: UTF8.self)
            text = valid ?? String(decoding: bytes, as: UTF8.self)
            isLossy = valid == nil
        case .utf16LittleEndian, .utf16BigEndian:
            let units = Self.units(bytes, width: 2, isLittle: encoding == .utf16LittleEndian).map { UInt16(truncatingIfNeeded: $0) }
            let valid = bytes.count % 2 == 0 ? String(validating: units, as: UTF16.self) : nil
            text = valid ?? String(decoding: units, as: UTF16.self)
            isLossy = valid == nil
        case .utf32LittleEndian, .utf32BigEndian:
            let units = Self.units(bytes, width: 4, isLittle: encoding == .utf32LittleEndian)
            let valid = bytes.count % 4 == 0 ? String(validating: units, as: UTF32.self) : nil
            text = valid ?? String(decoding: units, as: UTF32.self)
            isLossy = valid == nil
        case .latin1, .latin9, .windows1252:
            let table = encoding == .latin9 ? Self.latin9 : encoding == .windows1252 ? Self.windows1252 : [:]
            var scalars = String.UnicodeScalarView()
            for byte in bytes { scalars.append(table[byte] ?? Unicode.Scalar(byte)) }
            text = String(scalars)
            isLossy = false
        }
    }

    /// The encoding that the first bytes show, and the length of the byte order mark.
    private static func detected(_ bytes: [UInt8]) -> (Encoding?, Int) {
        let start = Array(bytes.prefix(4))
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        if start == [0xFF, 0xFE, 0, 0] { return (.utf32LittleEndian, 4) }
        if start == [0, 0, 0xFE, 0xFF] { return (.utf32BigEndian, 4) }
        if start.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, 2) }
        if start.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, 2) }
        guard start.count == 4 else { return (nil, 0) }
        switch (start[0] != 0, start[1] != 0, start[2] != 0, start[3] != 0) {
        case (true, false, false, false): return (.utf32LittleEndian, 0)
        case (false, false, false, true): return (.utf32BigEndian, 0)
        case (true, false, true, false): return (.utf16LittleEndian, 0)
        case (false, true, false, true): return (.utf16BigEndian, 0)
        default: return (nil, 0)
        }
    }

    /// A declaration of UTF-16 that could be read byte by byte is wrong: such a document is UTF-8.
    private static func named(_ name: String?) throws(UnsupportedEncoding) -> Encoding {
        guard let name else { return .utf8 }
        switch name.lowercased().filter({ $0.isLetter || $0.isNumber }) {
        case "utf8", "ascii", "usascii", "ansix341968", "utf16", "utf16le", "utf16be", "ucs2", "iso10646ucs2", "utf32": return .utf8
        case "iso88591", "latin1", "l1", "88591": return .latin1
        case "iso885915", "latin9", "l9": return .latin9
        case "windows1252", "cp1252": return .windows1252
        default: throw UnsupportedEncoding(name: name)
        }
    }

    private static func units(_ bytes: ArraySlice<UInt8>, width: Int, isLittle: Bool) -> [UInt32] {
        stride(from: bytes.startIndex, to: bytes.endIndex - width + 1, by: width).map { start in
            let unit = bytes[start..<start + width]
            return isLittle ? unit.reversed().reduce(0) { $0 << 8 | UInt32($1) } : unit.reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    private static let latin9: [UInt8: Unicode.Scalar] = [
        0xA4: "\u{20AC}", 0xA6: "\u{160}", 0xA8: "\u{161}", 0xB4: "\u{17D}", 0xB8: "\u{17E}", 0xBC: "\u{152}", 0xBD: "\u{153}",
        0xBE: "\u{178}",
    ]

    private static let windows1252: [UInt8: Unicode.Scalar] = [
        0x80: "\u{20AC}", 0x82: "\u{201A}", 0x83: "\u{192}", 0x84: "\u{201E}", 0x85: "\u{2026}", 0x86: "\u{2020}", 0x87: "\u{2021}",
        0x88: "\u{2C6}", 0x89: "\u{2030}", 0x8A: "\u{160}", 0x8B: "\u{2039}", 0x8C: "\u{152}", 0x8E: "\u{17D}", 0x91: "\u{2018}",
        0x92: "\u{2019}", 0x93: "\u{201C}", 0x94: "\u{201D}", 0x95: "\u{2022}", 0x96: "\u{2013}", 0x97: "\u{2014}", 0x98: "\u{2DC}",
        0x99: "\u{2122}", 0x9A: "\u{161}", 0x9B: "\u{203A}", 0x9C: "\u{153}", 0x9E: "\u{17E}", 0x9F: "\u{178}",
    ]
}
