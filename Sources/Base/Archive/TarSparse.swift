/// A region of a sparse file that the archive stores; what lies between two regions is a hole.
package struct TarSegment: Sendable, Equatable {
    /// Bytes from the start of the file.
    package var offset: Int64
    package var length: Int64

    package init(offset: Int64, length: Int64) {
        self.offset = offset
        self.length = length
    }

    var end: Int64 { offset + length }
}

/// The map of a sparse member while its reader collects it: GNU's old format and the pax formats 0.0, 0.1 and 1.0.
struct TarSparseMap: Sendable {
    /// The most segments of one file; each takes 16 bytes of memory.
    static let mostSegments = 1 << 18

    private(set) var segments: [TarSegment] = []
    /// Why the map is invalid; reads as a sentence after the member's name.
    private(set) var fault: String?
    /// An offset whose length is still to come.
    private var offset: Int64?
    /// Format 1.0: how many segments the map promises, and the number that a block has cut off.
    private var promised: Int?
    private var digits: [UInt8] = []

    /// Whether a map of format 1.0 is complete.
    var isComplete: Bool { promised == segments.count && offset == nil }

    mutating func refuse(_ why: String) { fault = fault ?? why }

    /// Adds an offset and, by the next call, its length.
    mutating func add(_ number: Int64?) {
        guard fault == nil else { return }
        guard let number, number >= 0 else { return refuse("a sparse file with an invalid number in its map") }
        guard let start = offset else {
            offset = number
            return
        }
        offset = nil
        guard segments.count < Self.mostSegments else { return refuse("a sparse file with more than \(Self.mostSegments) segments") }
        guard start >= segments.last?.end ?? 0, number <= Int64.max - 1024 - start else {
            return refuse("a sparse file with overlapping segments")
        }
        segments.append(TarSegment(offset: start, length: number))
    }

    /// Adds the entries of a GNU header block, 24 bytes each; an empty entry ends them.
    mutating func add(entries field: ArraySlice<UInt8>) {
        var rest = field
        while rest.count >= 24, rest.first != 0 {
            add(TarNumber.parse(rest.prefix(12)))
            add(TarNumber.parse(rest.dropFirst(12).prefix(12)))
            rest = rest.dropFirst(24)
        }
    }

    /// Adds the numbers of format 0.1: `OFFSET,LENGTH,OFFSET,LENGTH`.
    mutating func add(list text: ArraySlice<UInt8>) {
        for word in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) { add(Self.number(word)) }
    }

    /// Adds a block of format 1.0: a count, then offsets and lengths, a line each; what follows them in the block is padding.
    mutating func add(block: ArraySlice<UInt8>) {
        for byte in block {
            if isComplete || fault != nil { return }
            guard byte == UInt8(ascii: "\n") else {
                digits.append(byte)
                if digits.count > 20 { refuse("a sparse file with an invalid number in its map") }
                continue
            }
            let number = Self.number(digits[...])
            digits = []
            if promised != nil {
                add(number)
            } else if let number, number <= Int64(Self.mostSegments) {
                promised = Int(number)
            } else {
                refuse(number == nil ? "a sparse file with an invalid number in its map" : "a sparse file with \(number ?? 0) segments")
            }
        }
    }

    /// Compares the whole map with the size of the file and the bytes that the archive stores for it.
    mutating func check(size: Int64?, stored: Int64) {
        guard fault == nil else { return }
        if offset != nil { return refuse("a sparse file with half a segment in its map") }
        guard let size, size >= 0, size < .max - 1024 else { return refuse("a sparse file without a size") }
        if segments.last?.end ?? 0 > size { return refuse("a sparse file with a segment beyond its end") }
        // Segments do not overlap, so that the sum is at most the end of the last one.
        let sum = segments.reduce(0) { $0 + $1.length }
        if sum != stored { refuse("a sparse file whose map has \(sum) bytes where the archive has \(stored)") }
    }

    static func number(_ text: ArraySlice<UInt8>) -> Int64? {
        guard let first = text.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int64(String(decoding: text, as: UTF8.self))
    }
}

/// The position within a sparse member: which bytes are stored, which are holes.
struct TarSparseCursor: Sendable {
    private var left: ArraySlice<TarSegment>
    private var position: Int64 = 0
    private let size: Int64

    /// - Parameter segments: as `TarSparseMap` checked them.
    init(_ segments: [TarSegment], size: Int64) {
        left = segments[...]
        self.size = size
    }

    /// Passes the hole at the position and returns its length; nil where stored bytes or the end of the file follow.
    mutating func hole() -> Int64? {
        while let first = left.first, position >= first.end { left.removeFirst() }
        let next = left.first?.offset ?? size
        guard position < next else { return nil }
        defer { position = next }
        return next - position
    }

    /// Stored bytes up to the next hole.
    var stored: Int64 { left.first.map { $0.end - position } ?? 0 }

    mutating func advance(_ count: Int) { position += Int64(count) }
}
