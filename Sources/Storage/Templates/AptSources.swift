import AtollPlatform
import Glibc

/// Where this host gets Debian packages from, cut down to one release: what an image of that release is built from.
///
/// Reads both of apt's formats. Names no place itself: a host without entries for the release leaves the choice to mmdebstrap.
struct AptSources: Equatable {
    /// Stanzas in apt's deb822 format, separated by empty lines; empty when the host has none for the release.
    var text: String

    /// - Parameter aliases: further names of the release on this host, such as `stable`.
    static func ofHost(suite: String, directory: String = "/etc/apt") throws -> AptSources {
        var stanzas: [String] = []
        for path in [directory + "/sources.list"]
            + (try Directories.list(directory + "/sources.list.d")).map({ directory + "/sources.list.d/" + $0 })
        {
            guard let text = try? AtomicFile.text(path, limit: 4 << 20) else { continue }
            if path.hasSuffix(".sources") {
                stanzas += fromStanzas(text, suite: suite)
            } else if path.hasSuffix(".list") {
                stanzas += fromLines(text, suite: suite)
            }
        }
        return AptSources(text: stanzas.joined(separator: "\n"))
    }

    /// Whether a suite belongs to the release: itself, its updates or its security fixes.
    private static func belongs(_ name: Substring, to suite: String) -> Bool {
        ["", "-updates", "-security", "/updates"].contains { name == suite + $0 }
    }

    /// The stanzas of a `.sources` file that are for the release, their suites cut down to it; everything else as it is written.
    static func fromStanzas(_ text: String, suite: String) -> [String] {
        var result: [String] = []
        var fields: [(name: String, lines: [Substring])] = []
        func finish() {
            defer { fields = [] }
            func words(_ name: String) -> [Substring] {
                fields.filter { $0.name == name }.flatMap(\.lines).joined(separator: " ")
                    .drop { $0 != ":" }.dropFirst().split(whereSeparator: \.isWhitespace)
            }
            let suites = words("suites").filter { belongs($0, to: suite) }
            guard words("types").contains("deb"), !suites.isEmpty, !["no", "false"].contains(words("enabled").first ?? "yes") else {
                return
            }
            let rest = fields.filter { !["types", "suites", "enabled"].contains($0.name) }.flatMap(\.lines)
            result.append(
                (["Types: deb", "Suites: \(suites.joined(separator: " "))"] + rest.map(String.init)).joined(separator: "\n") + "\n")
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") { continue }
            if line.allSatisfy(\.isWhitespace) {
                finish()
            } else if line.first?.isWhitespace == true, !fields.isEmpty {
                fields[fields.count - 1].lines.append(line)
            } else {
                fields.append((line.prefix { $0 != ":" }.lowercased(), [line]))
            }
        }
        finish()
        return result
    }

    /// The `deb` lines of a sources.list that are for the release, as stanzas.
    static func fromLines(_ text: String, suite: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)[...]
            guard words.popFirst() == "deb" else { return nil }
            var options: [String] = []
            if words.first?.hasPrefix("[") == true {
                while let word = words.popFirst() {
                    let bare = word.drop { $0 == "[" }.prefix { $0 != "]" }
                    if let equals = bare.firstIndex(of: "=") {
                        let name = bare[..<equals].lowercased()
                        let field = ["arch": "Architectures", "lang": "Languages", "signed-by": "Signed-By", "trusted": "Trusted"][name]
                        if let field { options.append("\(field): \(bare[bare.index(after: equals)...].replacing(",", with: " "))") }
                    }
                    if word.hasSuffix("]") { break }
                }
            }
            guard let uri = words.popFirst(), let name = words.popFirst(), belongs(name, to: suite) else { return nil }
            let components = words.isEmpty ? [] : ["Components: \(words.joined(separator: " "))"]
            return (["Types: deb", "Suites: \(name)", "URIs: \(uri)"] + components + options).joined(separator: "\n") + "\n"
        }
    }

    /// apt's settings that say how this host reaches its sources (proxies, certificates, dates), from `apt-config dump`.
    static func transport(_ dump: String) -> String {
        let kept = [
            "Acquire::http", "Acquire::https", "Acquire::ftp", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIPv",
            "Acquire::AllowInsecure",
        ]
        return dump.split(separator: "\n").filter { line in kept.contains { line.hasPrefix($0) } }.joined(separator: "\n") + "\n"
    }
}
