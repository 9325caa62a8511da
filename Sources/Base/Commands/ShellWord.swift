/// Quoting for a POSIX shell, in guests and in printed commands.
package enum ShellWord {
    /// `text` quoted as one shell word, also as the first of a line.
    package static func quoted(_ text: String) -> String { quoted(text, isFirst: true) }

    private static func quoted(_ text: String, isFirst: Bool) -> String {
        // `NAME=VALUE` as the first word would set a variable; in options and later words `=` is safe.
        let others = text.hasPrefix("-") || !isFirst ? "/._-:,+@%=" : "/._-:,+@%"
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: others.utf8.contains(byte)
                }
            }
        return isPlain ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// One command line that a shell splits into exactly these words.
    package static func joined(_ words: [String]) -> String {
        words.enumerated().map { quoted($1, isFirst: $0 == 0) }.joined(separator: " ")
    }
}
