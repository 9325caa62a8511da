package import Glibc

/// Thin, throwing forms of the system calls the rooms share.
package enum SystemCall {
    /// The error for the `errno` of the call that just failed; `what` reads as "create /x".
    package static func failure(_ what: String, errno code: Int32 = Glibc.errno) -> PlatformError {
        let kind: PlatformError.Code =
            switch code {
            case EACCES, EPERM, EROFS: .permission
            case ENOSPC, EDQUOT: .noSpace
            default: .io
            }
        return PlatformError(kind, "cannot \(what): \(String(cString: strerror(code)))", errno: code)
    }

    /// Retries a call that a signal interrupted; throws when it fails otherwise.
    @discardableResult
    package static func check<I: FixedWidthInteger>(_ what: @autoclosure () -> String, _ call: () -> I) throws -> I {
        while true {
            let result = call()
            if result != -1 { return result }
            if errno != EINTR { throw failure(what()) }
        }
    }

    /// `stat` of a path (links followed), or nil when nothing is there.
    package static func status(_ path: String) -> stat? {
        var value = stat()
        return stat(path, &value) == 0 ? value : nil
    }

    /// `lstat` of a path (links not followed), or nil when nothing is there.
    package static func linkStatus(_ path: String) -> stat? {
        var value = stat()
        return lstat(path, &value) == 0 ? value : nil
    }

    /// Whether anything, a dangling link included, is at this path.
    package static func exists(_ path: String) -> Bool { linkStatus(path) != nil }

    /// Whether a directory (links followed) is at this path.
    package static func isDirectory(_ path: String) -> Bool { (status(path)?.st_mode).map { $0 & S_IFMT == S_IFDIR } ?? false }
}
