/// What long-name members and pax headers say about the member after them.
struct TarExtension: Sendable {
    var name: [UInt8]?
    var target: [UInt8]?
    var size: Int64?
    var modified: Int64?
    var fault: String?
    var sparse: Sparse?

    /// Records `GNU.sparse.*`.
    struct Sparse: Sendable {
        var map = TarSparseMap()
        var size: Int64?
        /// Comes before `path`, which holds a made-up name then.
        var name: [UInt8]?
        var major: String?
        var minor: String?
        /// `1.0`; nil where the records name none, as formats 0.0 and 0.1 do.
        var version: String? { major == nil && minor == nil ? nil : "\(major ?? "0").\(minor ?? "0")" }
    }

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
        default: if key.hasPrefix("GNU.sparse.") { useSparse(key.dropFirst(11), value) }
        }
        return true
    }

    private mutating func useSparse(_ key: Substring, _ value: ArraySlice<UInt8>) {
        var sparse = sparse ?? Sparse()
        switch key {
        case "name": sparse.name = Array(value)
        case "size", "realsize": sparse.size = TarSparseMap.number(value)
        case "major": sparse.major = String(decoding: value.prefix(8), as: UTF8.self)
        case "minor": sparse.minor = String(decoding: value.prefix(8), as: UTF8.self)
        case "offset", "numbytes": sparse.map.add(TarSparseMap.number(value))
        case "map": sparse.map.add(list: value)
        // How many segments follow is seen from them.
        default: break
        }
        self.sparse = sparse
    }

    /// - Returns: the member's size.
    func apply(to header: inout TarHeader, size: Int64) -> Int64 {
        if let name = sparse?.name ?? name { header.name = name }
        if let target { header.target = target }
        if let modified { header.modified = modified }
        header.fault = fault
        return self.size ?? size
    }
}
