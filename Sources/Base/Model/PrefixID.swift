/// Identity of a prefix: 32 lower-case hex digits. Names of its objects on the host start with the first of them.
public struct PrefixID: Sendable, Hashable, CustomStringConvertible {
    public let hex: String

    /// Parses 32 hex digits, or a UUID with dashes; nil for anything else.
    public init?(_ text: String) {
        let digits = text.lowercased().filter { $0 != "-" && !$0.isWhitespace }
        guard digits.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        hex = digits
    }

    /// Creates a random identity from `generator`.
    public init(using generator: inout some RandomNumberGenerator) {
        hex = (0..<4).map { _ in
            let word = String(UInt32.random(in: 0 ... .max, using: &generator), radix: 16)
            return String(repeating: "0", count: 8 - word.count) + word
        }.joined()
    }

    /// First 4 digits: prefix of network names.
    public var four: String { String(hex.prefix(4)) }
    /// First 8 digits: prefix of domain names.
    public var eight: String { String(hex.prefix(8)) }
    /// UUID form, with dashes.
    public var dashed: String {
        var text = ""
        for (index, digit) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
    public var description: String { hex }
}
