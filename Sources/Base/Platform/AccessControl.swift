package import Glibc

/// Rights for one named user on a file, beside its owner, group and mode: POSIX access control lists, written directly.
///
/// QEMU runs as a user of its own. Giving that user an entry lets it use a file that nobody else may see, and leaves owner and mode be.
package enum AccessControl {
    /// What an entry allows.
    package struct Rights: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let execute = Rights(rawValue: 1)
        package static let write = Rights(rawValue: 2)
        package static let read = Rights(rawValue: 4)
    }

    /// The name of the user that system-mode QEMU runs as; nil where no such user exists.
    package static let qemuUser: String? = ["libvirt-qemu", "qemu"].first { userID($0) != nil }

    /// Number of a user; nil when there is none of this name.
    package static func userID(_ name: String) -> uid_t? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_uid
    }

    /// Number of a group; nil when there is none of this name.
    package static func groupID(_ name: String) -> gid_t? {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 65536)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }

    /// Gives `user` exactly these rights on `path`, as `setfacl -m u:USER:…` does; the mask grows so that they take effect.
    /// - Throws: when there is no such user, the caller does not own the file, or the filesystem has no access control lists.
    package static func grant(_ rights: Rights, on path: String, to user: String) throws {
        guard let identifier = userID(user) else { throw PlatformError(.io, "there is no user \(user) on this host") }
        var list = try entries(path)
        list.removeAll { $0.tag == .mask || ($0.tag == .user && $0.identifier == identifier) }
        list.append(Entry(tag: .user, rights: rights.rawValue, identifier: identifier))
        let mask = list.filter { [.user, .groupOwner, .group].contains($0.tag) }.reduce(0) { $0 | $1.rights }
        list.append(Entry(tag: .mask, rights: mask))
        let bytes = encode(list)
        try SystemCall.check("give \(user) access to \(path)") { LinuxCalls.setxattr(path, attribute, bytes, bytes.count, 0) }
    }

    /// The rights that `user`'s own entry gives on `path`, as far as the mask lets it; nil without an entry.
    package static func granted(on path: String, to user: String) -> Rights? {
        guard let identifier = userID(user), let list = try? entries(path),
            let entry = list.first(where: { $0.tag == .user && $0.identifier == identifier })
        else { return nil }
        let mask = list.first { $0.tag == .mask }?.rights ?? 7
        return Rights(rawValue: entry.rights & mask)
    }

    // The kernel's form: a little-endian 32-bit version, then (tag, rights, identifier) of 16, 16 and 32 bits, sorted by tag and identifier.
    private static let attribute = "system.posix_acl_access"
    private static let version: UInt32 = 2

    enum Tag: UInt16, Sendable {
        case owner = 1
        case user = 2
        case groupOwner = 4
        case group = 8
        case mask = 16
        case other = 32
    }

    struct Entry: Equatable {
        var tag: Tag
        var rights: UInt16
        var identifier: UInt32 = .max
    }

    static func entries(_ path: String) throws -> [Entry] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = LinuxCalls.getxattr(path, attribute, &buffer, buffer.count)
        if count >= 0 { return try decode(Array(buffer.prefix(count)), path: path) }
        guard errno == ENODATA else { throw SystemCall.failure("read the access list of \(path)") }
        guard let status = SystemCall.status(path) else { throw SystemCall.failure("read the mode of \(path)") }
        let mode = UInt16(truncatingIfNeeded: status.st_mode)
        return [
            Entry(tag: .owner, rights: mode >> 6 & 7), Entry(tag: .groupOwner, rights: mode >> 3 & 7), Entry(tag: .other, rights: mode & 7),
        ]
    }

    static func encode(_ list: [Entry]) -> [UInt8] {
        let sorted = list.sorted { ($0.tag.rawValue, $0.identifier) < ($1.tag.rawValue, $1.identifier) }
        return littleEndian(version)
            + sorted.flatMap { littleEndian($0.tag.rawValue) + littleEndian($0.rights) + littleEndian($0.identifier) }
    }

    private static func decode(_ bytes: [UInt8], path: String) throws -> [Entry] {
        func number(_ at: Int, _ size: Int) -> UInt32 { (0..<size).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) } }
        guard bytes.count >= 4, (bytes.count - 4) % 8 == 0, number(0, 4) == version else {
            throw PlatformError(.malformed, "the access list of \(path) has an unknown form")
        }
        return try stride(from: 4, to: bytes.count, by: 8).map { offset in
            guard let tag = Tag(rawValue: UInt16(number(offset, 2))) else {
                throw PlatformError(.malformed, "the access list of \(path) has an unknown entry")
            }
            return Entry(tag: tag, rights: UInt16(number(offset + 2, 2)), identifier: number(offset + 4, 4))
        }
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
