import Glibc

/// What a user may do with one file or directory, worked out as the kernel does (acl(5)): a user who is not here to try it.
struct Permission: Sendable, Equatable {
    static let execute: UInt8 = 1
    static let write: UInt8 = 2
    static let read: UInt8 = 4

    /// Named users and groups with their rights, from the access list.
    private var users: [uid_t: UInt8] = [:]
    private var groups: [gid_t: UInt8] = [:]
    private var owner: UInt8
    private var owningGroup: UInt8
    private var other: UInt8
    private var mask: UInt8 = 7
    private let status: PathStatus

    /// - Parameter list: what `getfacl --numeric` printed; without it the mode alone decides.
    init(_ status: PathStatus, accessList list: String?) {
        self.status = status
        owner = UInt8(status.mode >> 6 & 7)
        owningGroup = UInt8(status.mode >> 3 & 7)
        other = UInt8(status.mode & 7)
        for line in (list ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let rights = Self.rights(fields[2])
            switch (fields[0], fields[1]) {
            case ("user", ""): owner = rights
            case ("group", ""): owningGroup = rights
            case ("mask", _): mask = rights
            case ("other", _): other = rights
            case ("user", let id): if let id = uid_t(id) { users[id] = rights }
            case ("group", let id): if let id = gid_t(id) { groups[id] = rights }
            default: break
            }
        }
    }

    /// Whether `account` has all of `rights`.
    func allows(_ account: Account, _ rights: UInt8) -> Bool {
        // Root passes every directory, and reads and writes every file.
        if account.id == 0 { return true }
        if account.id == status.owner { return owner & rights == rights }
        if let named = users[account.id] { return named & mask & rights == rights }
        var matching = account.groups.compactMap { groups[$0] }
        if account.groups.contains(status.group) { matching.append(owningGroup) }
        // One entry has to grant everything; that another one matches too adds nothing.
        if !matching.isEmpty { return matching.contains { $0 & mask & rights == rights } }
        return other & rights == rights
    }

    private static func rights(_ text: Substring) -> UInt8 {
        (text.contains("r") ? read : 0) | (text.contains("w") ? write : 0) | (text.contains("x") ? execute : 0)
    }
}
