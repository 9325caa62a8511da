import AtollPlatform
/// Takes a tar stream apart as it comes in, in pieces of any size: ustar, GNU's long names and large numbers, pax headers, and what older
/// tars wrote. The stream may be hostile: memory in use is bounded, and nothing in it is believed but its own lengths.
///
///     reader.feed(bytes)
///     while let event = try reader.next() { … }
package struct TarReader: Sendable {
    package enum Event: Sendable {
        /// A member begins.
        case member(TarHeader)
        /// The next bytes of its content.
        case content(ArraySlice<UInt8>)
        /// The member is whole.
        case memberEnd
    }

    private enum State {
        case header
        case content(left: Int64)
        /// Content of a member that is about the next one.
        case extended(type: UInt8, left: Int64)
        case padding(Int)
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
            case .content(0):
                state = .padding(paddingNext)
                isWithinMember = false
                return .memberEnd
            case .content(let left):
                guard ready > 0 else { return nil }
                let count = Int(min(Int64(ready), left))
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
        let (sum, isZero) = block.withUnsafeBytes { (TarNumber.sum($0), $0.allZero) }
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
        size = about.apply(to: &header, size: size)
        about = TarExtension()
        // Older tars mark a directory by its name alone.
        if header.kind == .file, header.name.last == UInt8(ascii: "/") { header.kind = .directory }
        while header.name.count > 1, header.name.last == UInt8(ascii: "/") { header.name.removeLast() }
        // As GNU tar has it: the size of a link is that of the file it means.
        header.size = header.kind == .hardLink ? 0 : size
        members += 1
        isWithinMember = true
        paddingNext = TarHeader.padding(after: header.size)
        state = .content(left: header.size)
        return .member(header)
    }

    /// Some tars of old summed signed bytes.
    private static func signedSum(_ block: ArraySlice<UInt8>, _ own: ArraySlice<UInt8>) -> Int64 {
        block.reduce(0) { $0 + Int64(Int8(bitPattern: $1)) } - own.reduce(0) { $0 + Int64(Int8(bitPattern: $1)) } + 8 * 32
    }
}

/// What long-name members and pax headers say about the member after them.
private struct TarExtension: Sendable {
    var name: [UInt8]?
    var target: [UInt8]?
    var size: Int64?
    var modified: Int64?
    var fault: String?

    mutating func take(_ type: UInt8, _ bytes: [UInt8]) {
        switch type {
        case UInt8(ascii: "L"): name = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "K"): target = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "x"): if !records(bytes[...]) { fault = fault ?? "its extended header makes no sense" }
        // `g` is about all members: nothing it could say matters here.
        default: break
        }
    }

    /// Lines of `LENGTH key=value\n`, the length that of the whole line.
    private mutating func records(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let first = rest.first, first != 0 {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard digits.count < 10, let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 2,
                length <= rest.count
            else { return false }
            let line = rest[(digits.endIndex + 1)..<(rest.startIndex + length - 1)]
            guard rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"), let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                return false
            }
            guard use(String(decoding: line[..<equals], as: UTF8.self), line[(equals + 1)...]) else { return false }
            rest = rest[(rest.startIndex + length)...]
        }
        return true
    }

    private mutating func use(_ key: String, _ value: ArraySlice<UInt8>) -> Bool {
        switch key {
        case "path": name = Array(value)
        case "linkpath": target = Array(value)
        case "size":
            guard let number = Int64(String(decoding: value, as: UTF8.self)), number >= 0, number < .max - 1024 else { return false }
            size = number
        case "mtime": modified = Int64(String(decoding: value.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
        default: if key.hasPrefix("GNU.sparse.") { fault = "a file with holes left out" }
        }
        return true
    }

    /// - Returns: the member's size.
    func apply(to header: inout TarHeader, size: Int64) -> Int64 {
        if let name { header.name = name }
        if let target { header.target = target }
        if let modified { header.modified = modified }
        header.fault = fault
        return self.size ?? size
    }
}

extension UnsafeRawBufferPointer {
    /// Whether nothing but zeros is in it; its length is a multiple of 8.
    fileprivate var allZero: Bool {
        var at = 0
        while at + 8 <= count {
            if loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return false }
            at += 8
        }
        return true
    }
}
