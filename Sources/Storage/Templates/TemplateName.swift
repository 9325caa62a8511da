/// A template in the store: `repository:template:version`.
package struct TemplateName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var repository: String
    package var template: String
    package var version: String

    /// Suffixes of the files beside an image; no version may end like one.
    static let suffixes = [".hash", ".metadata", ".lock", ".digests", ".tmp", ".users", ".xz"]

    /// - Throws: `.invalidName` saying which part is bad, and how.
    package init(repository: String, template: String, version: String) throws {
        for (part, label) in [(repository, "repository name"), (template, "template name"), (version, "version")] {
            if let why = Self.fault(of: part) { throw TemplateError(.invalidName, "“\(part)” cannot be a \(label): \(why)") }
        }
        if Self.suffixes.contains(where: { version.hasSuffix($0) }) || version.contains(".tmp.") {
            throw TemplateError(.invalidName, "“\(version)” cannot be a version: files beside the image end like this")
        }
        self.repository = repository
        self.template = template
        self.version = version
    }

    /// Takes `repository:template:version`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let name = try? TemplateName(repository: parts[0], template: parts[1], version: parts[2]) else {
            return nil
        }
        self = name
    }

    private static func fault(of part: String) -> String? {
        if part.isEmpty { return "it is empty" }
        if part.utf8.count > 80 { return "it is longer than 80 bytes" }
        if part.hasPrefix(".") || part.hasPrefix("-") { return "it starts with “\(part.prefix(1))”" }
        let bad = part.first { character in
            "/:\\\"'`,$".contains(character) || character.isWhitespace
                || character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        }
        return bad.map {
            $0 == "/" || $0 == ":" ? "it contains “\($0)”" : "it contains a quote, a space or another character that is not allowed"
        }
    }

    package var description: String { "\(repository):\(template):\(version)" }
    package static func < (a: TemplateName, b: TemplateName) -> Bool {
        (a.repository, a.template, a.version) < (b.repository, b.template, b.version)
    }
}
