import AtollPlatform

/// What the processes on one host share: leased subnets, registered prefixes, the directories both live in.
///
/// Everything is plain files under flock, so that a killed process never leaves a lock behind, and Lago's own files where Lago has
/// some, so that both can share a host. A claim that is in doubt (a file that cannot be read or makes no sense) counts as held.
/// This room never asks libvirt, never touches an environment's files and never removes what another prefix holds.
/// Start with `StateRoot`, then `LeaseStore` and `PrefixRegistry`.
package enum Claims {}

/// What went wrong with a claim, in words a user can act on.
package struct ClaimError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// Another prefix holds it.
        case taken
        /// Not a subnet or name that is ever handed out.
        case outOfRange
        /// This user may not.
        case permission
        /// Another process holds the lock.
        case locked
        case malformed, io, cancelled
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What a failure of this machine means for a claim.
    init(_ cause: PlatformError, _ message: String) { self.init(cause.code == .permission ? .permission : .io, message) }

    package var description: String { message }
}
