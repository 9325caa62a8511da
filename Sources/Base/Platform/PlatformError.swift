/// What went wrong on this machine, in words a user can act on.
package struct PlatformError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        case io, permission, noSpace, toolMissing, toolFailed, locked, deadline, malformed, cancelled
    }
    package var code: Code
    package var message: String
    /// `errno` of the call that failed, or 0.
    package var errno: Int32

    package init(_ code: Code, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.message = message
        self.errno = errno
    }

    package var description: String { message }
}
