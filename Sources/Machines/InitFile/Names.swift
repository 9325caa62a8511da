/// Names become host names, file names and parts of libvirt names, so only plain ones are let in.
enum Names {
    /// What is allowed, as errors say it.
    static let rule = "letters, digits, '.', '_' and '-', at most 63 of them, starting with a letter, a digit or '_', without '..'"
    static let pattern = "^(?!.*\\.\\.)[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$"

    static func isAllowed(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 63, isWord(first) else { return false }
        return name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") } && !name.contains("..")
    }

    /// What `isDomain` takes, as errors say it.
    static let domainRule = "a DNS name of letters, digits, '-', '_' and '.', such as lago.local"
    static let domainPattern =
        "^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$"

    /// Whether a name server can be told it: labels of 1 to 63 characters with dots between them, 253 in all.
    static func isDomain(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                guard let first = label.first, let last = label.last, label.count <= 63, isWord(first), isWord(last) else { return false }
                return label.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// What libvirt, QEMU and their lists call things: machine types, processors.
    static func isPlainWord(_ name: String) -> Bool {
        name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// What `isDevice` takes, as errors say it.
    static let deviceRule = "a guest device: vda to vdzz (virtio), sda to sdzz (virtio-scsi) or hda to hdzz"
    static let devicePattern = "^[vsh]d[a-z]{1,2}$"

    /// Whether it names a disk that a guest can have.
    static func isDevice(_ name: String) -> Bool {
        let letters = name.utf8.dropFirst(2)
        return ["vd", "sd", "hd"].contains(String(name.prefix(2))) && (1...2).contains(letters.count)
            && letters.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
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
