import AtollPlatform

/// Takes a tar stream apart as it comes in, in pieces of any size: ustar, GNU's long names and large numbers, pax headers, and what older
/// tars wrote; sparse files in GNU's old format and in the pax formats 0.0, 0.1 and 1.0. The stream may be hostile: memory in use is bounded, and nothing in it is believed but its own lengths.
///
///     reader.feed(bytes)
///     while let event = try reader.next() { … }
package struct TarReader: Sendable {
    package enum Event: Sendable {
        /// A member begins.
        case member(TarHeader)
        /// The next bytes of its content.
        case content(ArraySlice<UInt8>)
        /// So many bytes of its content are a hole.
        case hole(Int64)
        /// The member is whole.
        case memberEnd
    }

    private enum State {
        case header
        case content(left: Int64)
        /// Content of a member that is about the next one.
        case extended(type: UInt8, left: Int64)
        case padding(Int)
        /// Blocks with more segments after a sparse header.
        case segments
        /// Content that begins with a map, pax format 1.0.
        case map(left: Int64)
        case ended
    }

    private var state = State.header
    private var buffer: [UInt8] = []
    private var at = 0
    private var offset: Int64 = 0
    private var members = 0
    private var sawZeros = false
    private var isWithinMember = false
    private var paddingNext = 0
    /// What the members before it say about the next one.
    private var collected: [UInt8] = []
    private var about = TarExtension()
    /// A sparse member whose map is not complete: its header, with the size from it, and the bytes stored for it.
    private var sparse = (header: TarHeader(name: [], kind: .file, mode: 0), map: TarSparseMap(), size: Int64?.none, stored: Int64(0))
    private var cursor: TarSparseCursor?

    /// The most that is kept of a long name; what is longer is refused as a path anyway.
    static let longest = 1 << 16
    /// The largest pax header that is looked at.
    static let largestHeader: Int64 = 1 << 20

    package init() {}

    /// Whether the archive's end was seen; whatever follows is passed over.
    package var hasEnded: Bool { if case .ended = state { true } else { false } }

    /// Takes the next bytes of the stream.
    package mutating func feed(_ bytes: [UInt8]) {
        if case .ended = state { return }
        if at == buffer.count {
            buffer = bytes
        } else {
            buffer = Array(buffer[at...]) + bytes
        }
        at = 0
    }

    /// What the bytes so far tell; nil when more are needed.
    /// - Throws: `.malformed` where the stream is no tar archive any more.
    package mutating func next() throws -> Event? {
        while true {
            let ready = buffer.count - at
            switch state {
            case .ended: return nil
            case .header:
                guard ready >= TarHeader.block else { return nil }
                let block = buffer[at..<at + TarHeader.block]
                advance(TarHeader.block)
                if let event = try header(block) { return event }
            case .content(let left):
                if let hole = cursor?.hole() { return .hole(hole) }
                if left == 0 {
                    state = .padding(paddingNext)
                    isWithinMember = false
                    cursor = nil
                    return .memberEnd
                }
                guard ready > 0 else { return nil }
                let count = Int(min(Int64(ready), left, cursor?.stored ?? left))
                cursor?.advance(count)
                let piece = buffer[at..<at + count]
                advance(count)
                state = .content(left: left - Int64(count))
                return .content(piece)
            case .extended(let type, 0):
                state = .padding(paddingNext)
                about.take(type, collected)
                collected = []
            case .extended(let type, let left):
                guard ready > 0 else { return nil }
                let count = Int(min(Int64(ready), left))
                let room = (type == UInt8(ascii: "x") ? Int(Self.largestHeader) : Self.longest) - collected.count
                collected += buffer[at..<at + min(count, max(0, room))]
                advance(count)
                state = .extended(type: type, left: left - Int64(count))
            case .segments:
                guard ready >= TarHeader.block else { return nil }
                let block = buffer[at..<at + TarHeader.block]
                advance(TarHeader.block)
                sparse.map.add(entries: block.prefix(504))
                if block[block.startIndex + 504] == 0 { return beginSparse() }
            case .map(let left):
                if left < TarHeader.block {
                    sparse.map.refuse("a sparse file with half a map")
                    sparse.stored = left
                    return beginSparse()
                }
                guard ready >= TarHeader.block else { return nil }
                sparse.map.add(block: buffer[at..<at + TarHeader.block])
                advance(TarHeader.block)
                state = .map(left: left - Int64(TarHeader.block))
                if sparse.map.isComplete || sparse.map.fault != nil {
                    sparse.stored = left - Int64(TarHeader.block)
                    return beginSparse()
                }
            case .padding(let left):
                if left == 0 {
                    state = .header
                    continue
                }
                guard ready > 0 else { return nil }
                let count = min(ready, left)
                advance(count)
                state = .padding(left - count)
            }
        }
    }

    /// To be called when the stream is over.
    /// - Throws: `.malformed` when it ended before the archive did.
    package func finish() throws {
        if hasEnded || (sawZeros && at == buffer.count) { return }
        if offset == 0 && buffer.count == at { throw PlatformError(.malformed, "the tar stream is empty") }
        throw PlatformError(
            .malformed,
            "the tar stream is cut off after \(offset + Int64(buffer.count - at)) bytes, \(isWithinMember ? "within" : "after") its member \(members)"
        )
    }

    private mutating func advance(_ count: Int) {
        at += count
        offset += Int64(count)
    }

    private mutating func header(_ block: ArraySlice<UInt8>) throws -> Event? {
        let (sum, isZero) = block.withUnsafeBytes { (TarNumber.sum($0), $0.isAllZero) }
        if isZero {
            if sawZeros {
                state = .ended
                buffer = []
                at = 0
            }
            sawZeros = true
            return nil
        }
        sawZeros = false
        let start = block.startIndex
        func field(_ at: Int, _ count: Int) -> ArraySlice<UInt8> { block[start + at..<start + at + count] }
        func text(_ at: Int, _ count: Int) -> [UInt8] { Array(field(at, count).prefix { $0 != 0 }) }
        let own = field(148, 8)
        let plain = sum - own.reduce(0) { $0 + UInt64($1) } + 8 * 32
        let claimed = TarNumber.parse(own)
        guard claimed == Int64(plain) || claimed == Self.signedSum(block, own) else {
            throw PlatformError(
                .malformed, "the tar stream is damaged: no header where one belongs, at byte \(offset - 512), after \(members) members")
        }
        guard var size = TarNumber.parse(field(124, 12)), size < .max - 1024 else {
            throw PlatformError(.malformed, "the tar stream is damaged: a member without a size, at byte \(offset - 512)")
        }
        let type = block[start + 156]
        if [UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "x"), UInt8(ascii: "g")].contains(type) {
            paddingNext = TarHeader.padding(after: size)
            if type == UInt8(ascii: "x"), size > Self.largestHeader { about.fault = "its extended header has \(size) bytes" }
            state = .extended(type: type, left: size)
            return nil
        }
        var header = TarHeader(name: text(0, 100), kind: TarHeader.Kind(type: type), mode: 0)
        if field(257, 6).elementsEqual("ustar\0".utf8) {
            let prefix = text(345, 155)
            if !prefix.isEmpty { header.name = prefix + [UInt8(ascii: "/")] + header.name }
        }
        header.mode = UInt32(truncatingIfNeeded: TarNumber.parse(field(100, 8)) ?? 0) & 0o7777
        header.owner = UInt32(truncatingIfNeeded: TarNumber.parse(field(108, 8)) ?? 0)
        header.group = UInt32(truncatingIfNeeded: TarNumber.parse(field(116, 8)) ?? 0)
        header.modified = TarNumber.parse(field(136, 12)) ?? 0
        header.target = text(157, 100)
        let isSparse = type == UInt8(ascii: "S") && field(257, 6).elementsEqual("ustar ".utf8)
        if isSparse { header.kind = .file }
        size = about.apply(to: &header, size: size)
        let paxSparse = about.sparse
        about = TarExtension()
        // Older tars mark a directory by its name alone.
        if header.kind == .file, header.name.last == UInt8(ascii: "/") { header.kind = .directory }
        while header.name.count > 1, header.name.last == UInt8(ascii: "/") { header.name.removeLast() }
        // As GNU tar has it: the size of a link is that of the file it means.
        header.size = header.kind == .hardLink ? 0 : size
        guard header.kind == .file, isSparse || paxSparse != nil else { return begin(header) }
        if isSparse {
            sparse = (header, TarSparseMap(), TarNumber.parse(field(483, 12)), size)
            sparse.map.add(entries: field(386, 96))
            if block[start + 482] != 0 {
                state = .segments
                return nil
            }
        } else if let paxSparse {
            sparse = (header, paxSparse.map, paxSparse.size, size)
            if let version = paxSparse.version, version != "1.0", version != "0.0", version != "0.1" {
                sparse.map.refuse("a sparse file of the unknown format \(TarReport.printable(Array(version.utf8)))")
            } else if paxSparse.version == "1.0" {
                sparse.map = TarSparseMap()
                state = .map(left: size)
                return nil
            }
        }
        return beginSparse()
    }

    /// Begins a member whose map is complete or invalid.
    private mutating func beginSparse() -> Event {
        var (header, map, size, stored) = sparse
        map.check(size: size, stored: stored)
        sparse.map = TarSparseMap()
        header.fault = header.fault ?? map.fault
        guard map.fault == nil, let size else {
            header.size = stored
            return begin(header)
        }
        header.size = size
        header.segments = map.segments
        cursor = TarSparseCursor(map.segments, size: size)
        return begin(header)
    }

    private mutating func begin(_ header: TarHeader) -> Event {
        members += 1
        isWithinMember = true
        paddingNext = TarHeader.padding(after: header.stored)
        state = .content(left: header.stored)
        return .member(header)
    }

    /// Some tars of old summed signed bytes.
    private static func signedSum(_ block: ArraySlice<UInt8>, _ own: ArraySlice<UInt8>) -> Int64 {
        block.reduce(0) { $0 + Int64(Int8(bitPattern: $1)) } - own.reduce(0) { $0 + Int64(Int8(bitPattern: $1)) } + 8 * 32
    }
}

extension UnsafeRawBufferPointer {
    /// Whether nothing but zeros is in it.
    var isAllZero: Bool {
        var at = 0
        while at + 8 <= count {
            if loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return false }
            at += 8
        }
        while at < count {
            if self[at] != 0 { return false }
            at += 1
        }
        return true
    }
}
