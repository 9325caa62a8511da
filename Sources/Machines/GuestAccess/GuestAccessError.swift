/// Why a guest could not be reached or used, in words a user can act on.
package struct GuestAccessError: Error, Sendable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// No connection to the guest came about, or it broke.
        case unreachable
        /// The guest is not the one it is known as.
        case hostKeyMismatch
        /// The guest refused every key and password.
        case loginRefused
        /// A wait came to its deadline, or to an end that waiting cannot change.
        case notReady
        /// A command did not end in its time.
        case deadline
        /// A file could not be copied.
        case copy
        /// The guest or the local side refused something else.
        case failed
        /// The task was cancelled.
        case cancelled
    }

    package var code: Code
    package var message: String
    /// The error below, when there was one.
    package var cause: (any Error)?
    /// For `.notReady`: the wait that failed.
    package var report: WaitReport?
    /// For `.notReady`: the last lines of the guest's console, safe to print; may be empty.
    package var consoleTail: String

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil, report: WaitReport? = nil, consoleTail: String = "") {
        self.code = code
        self.message = message
        self.cause = cause
        self.report = report
        self.consoleTail = consoleTail
    }

    package var description: String { message }
}
