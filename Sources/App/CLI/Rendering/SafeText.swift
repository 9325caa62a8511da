/// Text from guests, templates and builders as a terminal may get it: what the terminal would obey is spelled out instead.
enum SafeText {
    /// For a place inside a line: line ends and tabs are spelled out too.
    static func line(_ text: String) -> String { escaped(text, keeping: []) }

    /// For a text that is made of lines.
    static func lines(_ text: String) -> String { escaped(text, keeping: ["\n", "\t"]) }

    private static func escaped(_ text: String, keeping kept: Set<Unicode.Scalar>) -> String {
        guard text.unicodeScalars.contains(where: { isObeyed($0) && !kept.contains($0) }) else { return text }
        return text.unicodeScalars.map { isObeyed($0) && !kept.contains($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// Control characters, and those that turn the direction of writing or end lines by other means.
    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1f, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
