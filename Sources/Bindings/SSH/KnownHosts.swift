import Crypto
import Foundation

/// The keys hosts are known by, in the form of OpenSSH's known_hosts file, hashed names included.
///
/// Lines it does not understand (`@revoked` markers, patterns, comments) are kept as they are and match nothing.
package struct KnownHosts: Sendable, Equatable {
    /// One key and the names it stands for.
    package struct Entry: Sendable, Equatable {
        /// Names and addresses; with a port other than 22 as `[name]:port`.
        package var hosts: [String]
        package var key: PublicKey
    }

    /// What is known about a key that a host presents.
    package enum Verdict: Sendable, Equatable {
        case match
        /// The host is known by these keys, and the presented one is none of them.
        case mismatch(expected: [PublicKey])
        case unknown
    }

    private enum Line: Sendable, Equatable {
        case entry(Entry)
        case verbatim(String)
    }

    private var lines: [Line] = []

    package init() {}

    /// Reads the text of a known_hosts file; nothing in it is an error.
    package init(parsing text: String) {
        lines = text.split(whereSeparator: \.isNewline).map { Self.parse(String($0)) }
    }

    /// The entries understood, in file order.
    package var entries: [Entry] {
        lines.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
    }

    /// The file's text, each line ended by a newline.
    package var rendered: String {
        lines.map { line in
            switch line {
            case .entry(let entry): "\(entry.hosts.joined(separator: ",")) \(entry.key.line)\n"
            case .verbatim(let text): text + "\n"
            }
        }.joined()
    }

    /// Adds `key` for every name of `hosts` at `port`.
    package mutating func add(_ key: PublicKey, hosts: [String], port: UInt16 = 22) {
        let entry = Entry(hosts: hosts.map { Self.name($0, port: port) }, key: key)
        if !lines.contains(.entry(entry)) { lines.append(.entry(entry)) }
    }

    /// Forgets every key of `host` at `port`; entries keep their other names.
    package mutating func remove(host: String, port: UInt16 = 22) {
        let name = Self.name(host, port: port)
        lines = lines.compactMap { line in
            guard case .entry(var entry) = line, entry.hosts.contains(name) else { return line }
            entry.hosts.removeAll { $0 == name }
            return entry.hosts.isEmpty ? nil : .entry(entry)
        }
    }

    /// The keys `host` is known by, in file order.
    package func keys(of host: String, port: UInt16 = 22) -> [PublicKey] {
        let name = Self.name(host, port: port)
        return entries.filter { $0.hosts.contains { $0 == name || Self.isHash($0, of: name) } }.map(\.key)
    }

    /// Whether `key`, presented by `host`, is the one it is known by. A host known by other keys alone is a mismatch, also when
    /// they are of another algorithm: a guest whose keys were written by us has no others.
    package func check(_ key: PublicKey, host: String, port: UInt16 = 22) -> Verdict {
        let known = keys(of: host, port: port)
        if known.contains(key) { return .match }
        return known.isEmpty ? .unknown : .mismatch(expected: known)
    }

    /// `|1|SALT|HMAC-SHA1(SALT, NAME)`, as HashKnownHosts writes names; nil for anything else.
    private static func hashed(_ text: Substring) -> (salt: Data, hash: Data)? {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "1", let salt = Data(base64Encoded: String(parts[2])),
            let hash = Data(base64Encoded: String(parts[3])), hash.count == 20
        else { return nil }
        return (salt, hash)
    }

    private static func isHash(_ text: String, of name: String) -> Bool {
        guard let (salt, hash) = hashed(text[...]) else { return false }
        return HMAC<Insecure.SHA1>.isValidAuthenticationCode(hash, authenticating: Data(name.utf8), using: SymmetricKey(data: salt))
    }

    private static func name(_ host: String, port: UInt16) -> String {
        let host = host.lowercased()
        return port == 22 ? host : "[\(host)]:\(port)"
    }

    private static func parse(_ text: String) -> Line {
        let fields = text.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 2, let first = fields[0].first, first != "#", first != "@", first != "|" || hashed(fields[0]) != nil,
            let key = try? PublicKey(line: String(fields[1]))
        else { return .verbatim(text) }
        // A hash is spelt with both cases.
        let hosts = fields[0].split(separator: ",").map { $0.hasPrefix("|") ? String($0) : $0.lowercased() }
        return .entry(Entry(hosts: hosts, key: key))
    }
}
