import Glibc

/// What is mounted where, as this process sees it.
package enum Mounts {
    /// The mount points at `path` and below, the deepest first; empty where nothing is, or where nobody can tell. Links on the way to `path`
    /// are followed.
    package static func below(_ path: String) -> [String] {
        guard let text = try? AtomicFile.text("/proc/self/mountinfo", limit: 16 << 20) else { return [] }
        let real = Directories.real(path)
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 5 else { return nil }
            let point = unescaped(fields[4])
            return point == real || point.hasPrefix(real == "/" ? "/" : real + "/") ? point : nil
        }.reversed()
    }

    /// Takes off what is mounted at `path` and below, for directories of ours in which somebody else's commands ran. What cannot be taken
    /// off stays: `Directories.removeTree` refuses such a directory.
    package static func detach(below path: String) {
        for point in below(path) { umount2(point, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) }
    }

    /// The kernel writes white space and backslashes as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3, let number = UInt8(String(Substring(digits)), radix: 8) else {
                bytes.append(byte)
                continue
            }
            bytes.append(number)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
