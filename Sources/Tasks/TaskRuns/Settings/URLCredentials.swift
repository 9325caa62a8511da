import Foundation

/// User names and passwords in the URLs of a text, `https://USER:PASSWORD@HOST/`.
package enum URLCredentials {
    /// What of them nobody should read: the password with and without its user's name, as written and decoded. A name alone is none unless
    /// it is as long as tokens are: every other `git` of a log would be masked.
    package static func secrets(in text: String) -> [String] {
        var found: [String] = []
        for range in places(in: text) {
            let whole = String(text[range])
            guard let colon = whole.firstIndex(of: ":"), whole.index(after: colon) < whole.endIndex else {
                let name = whole.hasSuffix(":") ? String(whole.dropLast()) : whole
                if name.utf8.count >= tokenLength { found.append(name) }
                continue
            }
            let password = String(whole[whole.index(after: colon)...])
            found.append(whole)
            // A shorter one is part of too much else.
            for form in [password, password.removingPercentEncoding ?? password] where form.utf8.count >= 4 && !found.contains(form) {
                found.append(form)
            }
        }
        return found
    }

    /// The text with its URLs as others may see them.
    package static func removed(from text: String) -> String {
        var text = text
        for range in places(in: text).reversed() { text.removeSubrange(range.lowerBound...range.upperBound) }
        return text
    }

    private static let tokenLength = 20

    /// What stands before each URL's `@`.
    private static func places(in text: String) -> [Range<String.Index>] {
        text.ranges(of: "://").compactMap { scheme in
            let rest = text[scheme.upperBound...]
            let authority = rest.prefix { !"/?#\"' \t\n".contains($0) }
            return authority.lastIndex(of: "@").map { scheme.upperBound..<$0 }
        }
    }
}
