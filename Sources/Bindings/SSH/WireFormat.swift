/// The SSH wire encoding of RFC 4251 section 5: big-endian lengths before strings, and signed big integers.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func uint32(_ value: UInt32) {
        bytes += [UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 8)]
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func string(_ value: some Collection<UInt8>) {
        uint32(UInt32(value.count))
        bytes += value
    }

    mutating func string(_ value: String) { string(Array(value.utf8)) }

    mutating func raw(_ value: some Collection<UInt8>) { bytes += value }

    /// A non-negative big integer: no leading zeros, but one where the top bit would read as a sign.
    mutating func mpint(_ value: some Collection<UInt8>) {
        let trimmed = Array(value.drop { $0 == 0 })
        string((trimmed.first ?? 0) & 0x80 == 0 ? trimmed : [0] + trimmed)
    }
}

/// Reads what `WireWriter` writes; every read is bounds-checked and answers nil at a malformed place.
struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(Array(bytes)) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func uint32() -> UInt32? { take(4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }

    mutating func string() -> [UInt8]? {
        guard let length = uint32() else { return nil }
        return take(Int(length))
    }

    mutating func text() -> String? { string().flatMap { String(validating: $0, as: UTF8.self) } }
}
