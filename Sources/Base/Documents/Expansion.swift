/// Environment variables in fields of an init file. Applied field by field where a field is used, never to the file (spec 2.1).
package enum Expansion {
    /// `$NAME` and `${NAME}` replaced by their values; what is not defined stays as it is written.
    package static func expand(_ text: String, variables: [String: String]) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let after = rest[rest.index(after: dollar)...]
            let name: Substring
            let end: String.Index
            if after.first == "{", let close = after.firstIndex(of: "}") {
                name = after[after.index(after: after.startIndex)..<close]
                end = after.index(after: close)
            } else {
                name = after.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
                end = name.endIndex
            }
            result += variables[String(name)] ?? String(rest[dollar..<end])
            rest = rest[end...]
        }
        return result + rest
    }

    /// The same, after a leading `~/` was replaced by the home directory.
    package static func expandPath(_ text: String, variables: [String: String]) -> String {
        guard let home = variables["HOME"], text == "~" || text.hasPrefix("~/") else { return expand(text, variables: variables) }
        return home + expand(String(text.dropFirst()), variables: variables)
    }
}
