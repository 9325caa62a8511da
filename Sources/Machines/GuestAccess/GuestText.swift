/// Text that comes from a guest and is to be shown by us: without anything a terminal would obey.
package enum GuestText {
    /// `text` without escape sequences and control characters but newline and tab; carriage returns end lines like newlines do.
    package static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        var held: Unicode.Scalar?
        while let scalar = held ?? scalars.next() {
            held = nil
            switch scalar.value {
            case 0x1b: skipEscape(&scalars)
            case 0x9b: skipControlSequence(&scalars)
            case 0x90, 0x9d, 0x9e, 0x9f: skipString(&scalars)
            case 0x0d:
                held = scalars.next()
                if held != "\n" { result.append("\n") }
            case 0x09, 0x0a: result.append(scalar)
            case 0x00...0x1f, 0x7f...0x9f: continue
            // Characters that turn the direction of writing or hide: a name must not read otherwise than it is.
            case 0x200b...0x200f, 0x202a...0x202e, 0x2060...0x2069, 0xfeff: continue
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// The last `lines` lines of `text` that are not blank, made printable, each cut at `width` characters.
    package static func tail(_ text: String, lines: Int = 20, width: Int = 200) -> String {
        printable(String(text.suffix(lines * width * 2))).split(separator: "\n", omittingEmptySubsequences: true)
            .filter { !$0.allSatisfy(\.isWhitespace) }.suffix(lines).map { String($0.prefix(width)) }.joined(separator: "\n")
    }

    private static func skipEscape(_ scalars: inout String.UnicodeScalarView.Iterator) {
        guard let kind = scalars.next() else { return }
        switch kind {
        case "[": skipControlSequence(&scalars)
        case "]", "P", "X", "^", "_": skipString(&scalars)
        default:
            // Intermediate bytes (character sets and the like), then one final byte.
            var next = kind
            while (0x20...0x2f).contains(next.value), let following = scalars.next() { next = following }
        }
    }

    private static func skipControlSequence(_ scalars: inout String.UnicodeScalarView.Iterator) {
        while let scalar = scalars.next() { if (0x40...0x7e).contains(scalar.value) { return } }
    }

    /// Up to BEL or ST. A string that never ends swallows the rest of its line only.
    private static func skipString(_ scalars: inout String.UnicodeScalarView.Iterator) {
        while let scalar = scalars.next() {
            if scalar.value == 0x07 || scalar.value == 0x9c || scalar.value == 0x0a { return }
            if scalar.value == 0x1b {
                _ = scalars.next()
                return
            }
        }
    }
}
