import AtollHostPorts
import AtollPlatform
import Glibc

/// Whose prefix it is: another user's is refused with a sentence, before anything in it looks broken for want of rights.
enum PrefixAccess {
    /// - Throws: `.refused` when the caller may not look into the prefix, or may not change it.
    static func check(_ files: PrefixFiles, changing: Bool) throws {
        let needed = changing ? R_OK | W_OK | X_OK : R_OK | X_OK
        for path in [files.path, files.own, files.virt] where SystemCall.exists(path) {
            guard access(path, needed) == 0 else { throw refusal(path) }
        }
        // The directory above may be closed, so that nothing below it can even be seen.
        if !SystemCall.exists(files.path), errno == EACCES { throw refusal(files.path) }
    }

    /// What to say of a file of the prefix that is there and may not be read.
    static func refusal(_ path: String) -> EnvironmentError {
        let why = String(cString: strerror(errno))
        guard let owner = SystemCall.status(path)?.st_uid, owner != getuid() else {
            return EnvironmentError(.refused, "\(path) may not be used: \(why); look at it with: ls -ld \(path)")
        }
        let name = getpwuid(owner).map { String(cString: $0.pointee.pw_name) } ?? "user \(owner)"
        return EnvironmentError(.refused, "\(path) belongs to \(name), and you may not use it (\(why)). Run the command as \(name)")
    }
}
