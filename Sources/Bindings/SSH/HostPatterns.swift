import Crypto
import Foundation

/// The host field of a known_hosts line: one hashed name, or patterns separated by commas.
package struct HostPatterns: Sendable, Equatable {
    /// As written.
    package let text: String

    package init(_ text: String) { self.text = text }

    /// Whether the field is a list of literal names: no hash, `*`, `?` or `!`.
    package var isLiteral: Bool { !text.hasPrefix("|") && !text.contains { "*?!".contains($0) } }

    /// Whether `name` (lower case, with its port as known_hosts writes it) matches: some pattern matches it, and no `!` pattern does.
    package func match(_ name: String) -> Bool {
        if text.hasPrefix("|") { return isHash(of: name) }
        var isMatched = false
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let isNegated = part.first == UInt8(ascii: "!")
            let pattern = Array((isNegated ? part.dropFirst() : part).map(Self.lowercased))
            // OpenSSH gives up on the whole list.
            guard pattern.count < Self.lengthLimit else { return false }
            guard Self.match(Array(name.utf8), pattern) else { continue }
            if isNegated { return false }
            isMatched = true
        }
        return isMatched
    }

    /// The field without the literal name `name`, or nil if it does not contain the name.
    func removing(_ name: String) -> HostPatterns? {
        let names = text.split(separator: ",").map(String.init)
        let rest = names.filter { $0.lowercased() != name }
        return rest.count == names.count ? nil : HostPatterns(rest.joined(separator: ","))
    }

    private static let lengthLimit = 1024

    /// Whether the field is well formed; OpenSSH skips a line with a malformed hash.
    var isValid: Bool { !text.hasPrefix("|") || hash != nil }

    /// `|1|SALT|HMAC-SHA1(SALT, NAME)`, as HashKnownHosts writes names.
    private var hash: (salt: Data, code: Data)? {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "1", let salt = Data(base64Encoded: String(parts[2])), salt.count == 20,
            let code = Data(base64Encoded: String(parts[3])), code.count == 20
        else { return nil }
        return (salt, code)
    }

    private func isHash(of name: String) -> Bool {
        guard let (salt, code) = hash else { return false }
        return HMAC<Insecure.SHA1>.isValidAuthenticationCode(code, authenticating: Data(name.utf8), using: SymmetricKey(data: salt))
    }

    /// `*` is any number of bytes, `?` is one byte. Linear memory; backtracks to the last `*` only.
    private static func match(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
        var (at, place) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[at] {
                at += 1
                place += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                at = last.text + 1
                place = last.pattern + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
