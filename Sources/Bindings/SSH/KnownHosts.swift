import Foundation

/// Host keys in the format of OpenSSH's known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
///
/// Several files can be appended to one value, as ssh reads its user and system files together. Lines that OpenSSH skips
/// (comments, unknown markers, malformed keys) match nothing and are kept in `rendered`.
package struct KnownHosts: Sendable, Equatable {
    /// One valid line.
    package struct Entry: Sendable, Equatable {
        /// The first word of a line, if it starts with `@`.
        package enum Marker: String, Sendable { case revoked = "@revoked", certificateAuthority = "@cert-authority" }

        package var marker: Marker?
        package var hosts: HostPatterns
        package var key: PublicKey
        /// `FILE:LINE`, or nil for an entry that was not read from a file.
        package var place: String?
    }

    /// What is known about a key that a host presents.
    package enum Verdict: Sendable, Equatable {
        case match
        /// The host has other keys.
        case mismatch(expected: [Entry])
        /// A `@revoked` line for this host has the key. Overrides every other line.
        case revoked(Entry)
        /// Only `@cert-authority` lines name the host. Host certificates are unsupported.
        case certificateAuthorityOnly(Entry)
        case unknown
    }

    private enum Line: Sendable, Equatable {
        case entry(Entry, text: String)
        case verbatim(String)
    }

    private static let defaultPort: UInt16 = 22
    private var lines: [Line] = []

    package init() {}

    /// Parses the text of a known_hosts file. Malformed lines are skipped, as OpenSSH does.
    /// - Parameter path: the file's path, for `Entry.place`.
    package init(parsing text: String, path: String? = nil) { append(parsing: text, path: path) }

    /// Parses another file and appends its lines.
    package mutating func append(parsing text: String, path: String? = nil) {
        // Bytes, because a line of OpenSSH ends at a newline only, and CRLF is one Swift character.
        var parts = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        for (index, part) in parts.enumerated() {
            let line = String(decoding: part, as: UTF8.self)
            guard let entry = Self.entry(line, place: path.map { "\($0):\(index + 1)" }) else {
                lines.append(.verbatim(line))
                continue
            }
            lines.append(.entry(entry, text: line))
        }
    }

    /// The valid entries, in file order.
    package var entries: [Entry] {
        lines.compactMap { line in
            guard case .entry(let entry, _) = line else { return nil }
            return entry
        }
    }

    /// The file's text, each line ended by a newline.
    package var rendered: String {
        lines.map { line in
            switch line {
            case .entry(_, let text), .verbatim(let text): text + "\n"
            }
        }.joined()
    }

    /// Adds `key` for every name of `hosts` at `port`.
    package mutating func add(_ key: PublicKey, hosts: [String], port: UInt16 = 22) {
        let names = hosts.map { Self.name($0, port: port) }.joined(separator: ",")
        let entry = Entry(hosts: HostPatterns(names), key: key)
        if !entries.contains(entry) { lines.append(.entry(entry, text: "\(names) \(key.line)")) }
    }

    /// Removes the literal name of `host` at `port` from entries without a marker; an entry without names left is removed.
    /// Patterns, hashed names and marked entries are kept.
    package mutating func remove(host: String, port: UInt16 = 22) {
        let name = Self.name(host, port: port)
        lines = lines.compactMap { line in
            guard case .entry(var entry, _) = line, entry.marker == nil, let rest = entry.hosts.removing(name) else { return line }
            if rest.text.isEmpty { return nil }
            entry.hosts = rest
            return .entry(entry, text: "\(rest.text) \(entry.key.line)")
        }
    }

    /// The keys of `host` at `port`, in file order, without revoked keys.
    package func keys(of host: String, port: UInt16 = 22) -> [PublicKey] {
        let named = matching(host, port)
        let revoked = Set(named.filter { $0.marker == .revoked }.map(\.key))
        let keys = named.filter { $0.marker == nil && !revoked.contains($0.key) }.map(\.key)
        return keys.isEmpty && port != Self.defaultPort ? self.keys(of: host) : keys
    }

    /// Compares `key`, presented by `host`, with the entries for `host` at `port`. A host known only by other keys is a mismatch, also
    /// if they are of another algorithm.
    ///
    /// Without an entry for a port other than 22, an entry for the name without a port can confirm the key, and nothing else: this is
    /// what ssh does.
    package func check(_ key: PublicKey, host: String, port: UInt16 = 22) -> Verdict {
        let verdict = verdict(key, host, port)
        guard port != Self.defaultPort else { return verdict }
        switch verdict {
        case .match, .mismatch, .revoked: return verdict
        case .unknown, .certificateAuthorityOnly:
            switch self.verdict(key, host, Self.defaultPort) {
            case .match: return .match
            case .revoked(let entry): return .revoked(entry)
            case .certificateAuthorityOnly(let entry) where verdict == .unknown: return .certificateAuthorityOnly(entry)
            case .certificateAuthorityOnly, .mismatch, .unknown: return verdict
            }
        }
    }

    private func verdict(_ key: PublicKey, _ host: String, _ port: UInt16) -> Verdict {
        let named = matching(host, port)
        if let revoked = named.first(where: { $0.marker == .revoked && $0.key == key }) { return .revoked(revoked) }
        let known = plainEntries(of: host, port: port)
        if known.contains(where: { $0.key == key }) { return .match }
        if !known.isEmpty { return .mismatch(expected: known) }
        return named.first { $0.marker == .certificateAuthority }.map { .certificateAuthorityOnly($0) } ?? .unknown
    }

    /// The entries with a key of `host` at `port`: no marked ones, and none for the name without the port.
    package func plainEntries(of host: String, port: UInt16 = 22) -> [Entry] { matching(host, port).filter { $0.marker == nil } }

    private func matching(_ host: String, _ port: UInt16) -> [Entry] {
        let name = Self.name(host, port: port)
        return entries.filter { $0.hosts.match(name) }
    }

    /// The name that known_hosts has for a host at a port.
    package static func name(_ host: String, port: UInt16) -> String {
        let host = host.lowercased()
        return port == defaultPort ? host : "[\(host)]:\(port)"
    }

    /// One line: `[MARKER] HOSTS TYPE KEY [COMMENT]`, or nil if OpenSSH skips it. OpenSSH also skips a line with a tab after its marker;
    /// here such a `@revoked` counts, which can only refuse more.
    private static func entry(_ line: String, place: String?) -> Entry? {
        // OpenSSH reads C strings.
        var rest = line.utf8.prefix { $0 != 0 }[...]
        func word() -> String? {
            rest = rest.drop(while: isBlank)
            let word = rest.prefix { !isBlank($0) }
            rest = rest.dropFirst(word.count)
            return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
        }
        guard var first = word(), !first.hasPrefix("#") else { return nil }
        var marker: Entry.Marker?
        if first.hasPrefix("@") {
            marker = Entry.Marker(rawValue: first)
            guard marker != nil, let hosts = word(), !hosts.hasPrefix("@") else { return nil }
            first = hosts
        }
        guard let type = word(), !type.hasPrefix("#"), let base64 = word(),
            let key = PublicKey(knownHostsType: type, base64: base64, comment: String(decoding: rest, as: UTF8.self))
        else { return nil }
        let hosts = HostPatterns(first)
        return hosts.isValid ? Entry(marker: marker, hosts: hosts, key: key, place: place) : nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
