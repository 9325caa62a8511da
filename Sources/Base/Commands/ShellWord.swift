/// Words for a POSIX shell: in the guest, and in commands that people are told to type.
package enum ShellWord {
    /// `text` as one word, whatever is in it.
    package static func quoted(_ text: String) -> String {
        // An option's `=` is nothing special; that of a first word would set a variable.
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

    /// Words as one line that a shell takes apart again.
    package static func joined(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }
}
