/// A number of bytes with parsing and display in binary units.
public struct ByteSize: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var bytes: Int64
    public init(_ bytes: Int64) { self.bytes = bytes }

    /// Parses qemu-img syntax: a number and an optional suffix k, M, G, T, P, E (powers of 1024; lower case, `10GiB` and `10GB` accepted).
    public init?(_ text: String) {
        let trimmed = text.trimmingSpaces()
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var suffix = trimmed.dropFirst(digits.count).lowercased()
        if suffix.hasSuffix("ib") { suffix.removeLast(2) } else if suffix.hasSuffix("b") { suffix.removeLast() }
        guard let number = Double(digits), number >= 0, let power = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6][suffix] else {
            return nil
        }
        var value = number
        for _ in 0..<power { value *= 1024 }
        guard value < 9.2e18 else { return nil }
        bytes = Int64(value)
    }

    /// Display text such as `1.5 GiB`.
    public var description: String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1024 || unit == "TiB" {
                let tenths = (value * 10).rounded() / 10
                return tenths == tenths.rounded() ? "\(Int64(tenths)) \(unit)" : "\(tenths) \(unit)"
            }
            value /= 1024
        }
        return "\(bytes) B"
    }

    public static func < (a: ByteSize, b: ByteSize) -> Bool { a.bytes < b.bytes }
}
