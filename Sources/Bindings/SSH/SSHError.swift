/// Why an SSH call did not do what was asked, in words a user can act on.
package struct SSHError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// The host is up and refuses the TCP connection.
        case refused
        /// No route, or nobody answers ARP for the address.
        case unreachable
        /// The TCP connection or the handshake did not come about in its time.
        case timedOut
        /// Something answers on the port, but no SSH session could be agreed on.
        case handshake
        /// The host presented another key than the one it is known by.
        case hostKeyMismatch
        /// No key is known for the host.
        case hostKeyUnknown
        /// The host refused every key and password offered.
        case authentication
        /// The connection broke, or the peer stopped answering.
        case disconnected
        /// The host refused a channel, a terminal, a command or a subsystem.
        case channel
        /// A file on the host could not be read or written.
        case remoteFile
        /// The call's own deadline passed.
        case deadline
        /// The task was cancelled, or the user left with `~.`.
        case cancelled
        /// A local file, stream or descriptor failed.
        case local
        /// A key or known_hosts line is malformed.
        case malformed
    }

    package var code: Code
    package var message: String
    /// What libssh2 or the system said, when it said anything.
    package var cause: String?

    package init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
