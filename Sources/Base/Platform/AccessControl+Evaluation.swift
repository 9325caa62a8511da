package import Glibc

extension AccessControl {
    /// Whether the kernel lets a user do all of `rights` with the file or directory itself, as acl(5) has it: for a user who is not here
    /// to try it. The directories above are not looked at.
    /// - Returns: nil when this process may not see enough to tell.
    package static func allows(_ rights: Rights, on path: String, uid: uid_t) -> Bool? {
        guard let status = SystemCall.status(path) else { return nil }
        if uid == 0 { return true }
        let mode = UInt16(truncatingIfNeeded: status.st_mode)
        let plain = [
            Entry(tag: .owner, rights: mode >> 6 & 7), Entry(tag: .groupOwner, rights: mode >> 3 & 7), Entry(tag: .other, rights: mode & 7),
        ]
        // A filesystem without access lists has the mode alone.
        let list = (try? entries(path)) ?? plain
        func first(_ tag: Tag) -> UInt16 { list.first { $0.tag == tag }?.rights ?? 0 }
        func holds(_ found: UInt16) -> Bool { found & rights.rawValue == rights.rawValue }
        if status.st_uid == uid { return holds(first(.owner)) }
        let mask = list.first { $0.tag == .mask }?.rights ?? 7
        if let named = list.first(where: { $0.tag == .user && $0.identifier == uid }) { return holds(named.rights & mask) }
        let member = groups(of: uid)
        let matching = list.filter {
            $0.tag == .groupOwner && member.contains(status.st_gid) || $0.tag == .group && member.contains($0.identifier)
        }
        // One entry has to grant everything; a user whom some group entry covers is no longer one of the others.
        return matching.isEmpty ? holds(first(.other)) : matching.contains { holds($0.rights & mask) }
    }

    /// The name of a user; its number when it has none.
    package static func userName(_ uid: uid_t) -> String { account(uid)?.name ?? "\(uid)" }

    private static func groups(of uid: uid_t) -> Set<gid_t> {
        guard let account = account(uid) else { return [] }
        var count: Int32 = 1024
        var found = [gid_t](repeating: account.group, count: Int(count))
        guard getgrouplist(account.name, account.group, &found, &count) >= 0 else { return [account.group] }
        return Set(found.prefix(Int(count)))
    }

    private static func account(_ uid: uid_t) -> (name: String, group: gid_t)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else { return nil }
        return (String(cString: name), entry.pw_gid)
    }
}
