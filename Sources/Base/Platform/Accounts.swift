package import Glibc

/// Users and their groups, as the system's account database has them.
package enum Accounts {
    /// The numbers of every group a user belongs to, its own one first. Empty when there is no such user.
    package static func groups(of user: String) -> [gid_t] {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return [] }
        var count: Int32 = 64
        var groups = [gid_t](repeating: 0, count: Int(count))
        if getgrouplist(user, entry.pw_gid, &groups, &count) < 0 {
            // It did not fit; the call left the number that is needed.
            groups = [gid_t](repeating: 0, count: Int(count))
            guard getgrouplist(user, entry.pw_gid, &groups, &count) >= 0 else { return [entry.pw_gid] }
        }
        return Array(groups.prefix(Int(count)))
    }

    /// The name of a user; its number as text when it has none.
    package static func userName(_ identifier: uid_t) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(identifier, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return String(identifier)
        }
        return String(cString: name)
    }
}
