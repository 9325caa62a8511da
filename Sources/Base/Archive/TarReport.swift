/// How much of an archive is taken in.
package struct TarLimits: Sendable, Equatable {
    /// Stored content of all files together, in bytes; holes do not count.
    package var bytes: Int64
    /// Size of all files together with their holes, in bytes: programs that read them later may not know holes.
    package var apparentBytes: Int64
    /// Members, those refused included.
    package var entries: Int
    /// Bytes of one path, and of a link's target.
    package var pathLength: Int
    /// Names in one path.
    package var depth: Int
    /// Permission bits that a file may have; set-id bits never are kept.
    package var modes: UInt32
    /// Whether symbolic links may be absolute or point out of the directory. They are never followed, but who reads the tree later does.
    package var linksMayLeave: Bool
    /// Names at the top of the directory that are somebody else's: members of that name, and below it, are left out.
    package var reserved: Set<String>

    package init(
        bytes: Int64 = 4 << 30, apparentBytes: Int64 = 1 << 40, entries: Int = 200_000, pathLength: Int = 4095, depth: Int = 128,
        modes: UInt32 = 0o777,
        linksMayLeave: Bool = false, reserved: Set<String> = []
    ) {
        self.bytes = bytes
        self.apparentBytes = apparentBytes
        self.entries = entries
        self.pathLength = pathLength
        self.depth = depth
        self.modes = modes
        self.linksMayLeave = linksMayLeave
        self.reserved = reserved
    }

    func isReserved(_ path: [UInt8]) -> Bool {
        !reserved.isEmpty && reserved.contains(String(decoding: path.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self))
    }

    /// For a tree of the user's own that is copied as it is.
    package static let unlimited = TarLimits(
        bytes: .max, apparentBytes: .max, entries: .max, pathLength: 4095, depth: .max, linksMayLeave: true)
}

/// What came of copying a tree.
package struct TarReport: Sendable, Equatable {
    /// Something that was not copied, or not as it is.
    package struct Refusal: Sendable, Equatable, CustomStringConvertible {
        /// Printable, whatever the archive said.
        package var name: String
        /// Reads as a sentence after the name: `a device node`.
        package var why: String
        package var description: String { "\(name): \(why)" }
    }

    package var files = 0
    package var directories = 0
    /// Symbolic and hard links.
    package var links = 0
    /// Size of the files, holes included.
    package var bytes: Int64 = 0
    /// Of those, the bytes that are no hole.
    package var stored: Int64 = 0
    /// The first hundred.
    package private(set) var refused: [Refusal] = []
    /// All of them.
    package private(set) var refusedCount = 0
    /// Of those, the members for which a limit left no room, and their content in bytes.
    package var leftOut = 0
    package var leftOutBytes: Int64 = 0

    package init() {}

    /// Why a member below a reserved name was refused.
    package static let reserved = "in the place of files that are not the task's"

    /// - Parameter name: as the archive or the file system has it.
    package mutating func refuse(_ name: [UInt8], _ why: String) {
        refusedCount += 1
        if refused.count < 100 { refused.append(Refusal(name: Self.printable(name), why: why)) }
    }

    /// One line: `12 files, 3 directories, 40960 bytes; 2 refused: dev/null: a device node; …`
    package var summary: String {
        var text = "\(files) files, \(directories) directories, \(bytes) bytes"
        if stored < bytes { text += " (\(stored) without holes)" }
        if links > 0 { text += ", \(links) links" }
        guard refusedCount > 0 else { return text }
        text += "; \(refusedCount) refused: " + refused.prefix(3).map(\.description).joined(separator: "; ")
        if refusedCount > 3 { text += "; …" }
        if leftOut > 0 { text += " (\(leftOut) members, \(leftOutBytes) bytes, over a limit)" }
        return text
    }

    /// The name as text of one line that no terminal takes for a command.
    static func printable(_ name: [UInt8]) -> String {
        var text = ""
        for scalar in String(decoding: name.prefix(300), as: UTF8.self).unicodeScalars {
            let harmless = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !(0x200E...0x202E).contains(scalar.value)
            text.unicodeScalars.append(harmless ? scalar : "\u{FFFD}")
        }
        return name.count > 300 ? text + "…" : text
    }
}
