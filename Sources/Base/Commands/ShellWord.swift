/// Quoting for a POSIX shell, in guests and in printed commands.
package enum ShellWord {
    /// `text` quoted as one shell word.
    package static func quoted(_ text: String) -> String {
        // `NAME=VALUE` as the first word would set a variable; in an option `=` is safe.
        let others = text.hasPrefix("-") ? "/._-:,+@%=" : "/._-:,+@%"
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
    package static func joined(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }
}
