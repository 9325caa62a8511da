/// Names become host names, file names and parts of libvirt names, so only plain ones are let in.
enum Names {
    /// What is allowed, as errors say it.
    static let rule = "letters, digits, '.', '_' and '-', at most 63 of them, starting with a letter, a digit or '_', without '..'"
    static let pattern = "^(?!.*\\.\\.)[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$"

    static func isAllowed(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 63, isWord(first) else { return false }
        return name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") } && !name.contains("..")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
