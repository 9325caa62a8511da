/// What went wrong on this machine, in words a user can act on.
public struct PlatformError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    public enum Code: String, Sendable {
        case io, permission, noSpace, toolMissing, toolFailed, locked, deadline, malformed, cancelled
    }
    public var code: Code
    public var message: String
    /// `errno` of the call that failed, or 0.
    public var errno: Int32

    public init(_ code: Code, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.message = message
        self.errno = errno
    }

    public var description: String { message }
}
