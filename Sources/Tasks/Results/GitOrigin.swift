import AtollPlatform

/// Where a directory was cloned from, read from git's own files: no git is needed, and none is run on files of others.
package enum GitOrigin {
    /// The URL of the remote `origin` of the clone at `directory`, or nil when it is no clone or has no such remote.
    package static func of(directory: String) -> String? {
        var home = directory + "/.git"
        // A worktree's `.git` is a file that says where its files are; the shared ones may be elsewhere still.
        if !SystemCall.isDirectory(home) {
            guard let link = firstLine(home), link.hasPrefix("gitdir:") else { return nil }
            home = Directories.absolute(trimmed(link.dropFirst(7)), relativeTo: directory)
            if let shared = firstLine(home + "/commondir") { home = Directories.absolute(shared, relativeTo: home) }
        }
        guard let text = try? AtomicFile.text(home + "/config", limit: 1 << 20) else { return nil }
        return url(inConfig: text)
    }

    /// The same from the text of a `.git/config`.
    package static func url(inConfig text: String) -> String? {
        var inOrigin = false
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while var line = lines.popFirst().map(trimmed) {
            while line.hasSuffix("\\"), let next = lines.popFirst() { line = line.dropLast() + trimmed(next) }
            if line.hasPrefix("["), let close = line.firstIndex(of: "]") {
                inOrigin = isOrigin(line[line.index(after: line.startIndex)..<close])
                line = trimmed(line[line.index(after: close)...])
            }
            guard inOrigin, let equals = line.firstIndex(of: "="), trimmed(line[..<equals]).lowercased() == "url" else { continue }
            let value = value(line[line.index(after: equals)...])
            if !value.isEmpty { return value }
        }
        return nil
    }

    /// A URL for messages, without user name and password.
    static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let at = rest[..<end].lastIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }

    /// `remote "origin"`, the first word in any case.
    private static func isOrigin(_ section: Substring) -> Bool {
        let parts = section.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "remote" && trimmed(parts[1]) == "\"origin\""
    }

    /// Git's values: quotes around parts, `\"` and `\\`, comments after `#` or `;` outside of quotes.
    private static func value(_ text: Substring) -> String {
        var result = ""
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, character == "#" || character == ";" {
                break
            } else {
                result.append(character)
            }
        }
        return trimmed(result[...])
    }

    private static func firstLine(_ path: String) -> String? {
        guard let text = try? AtomicFile.text(path, limit: 1 << 16) else { return nil }
        return text.split(separator: "\n").first.map(trimmed)
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
