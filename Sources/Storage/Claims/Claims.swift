import AtollPlatform

/// Resources shared by the processes of one host: leased subnets, registered prefixes, capacity, and their directories.
///
/// All state is plain files under flock, so that a killed process never leaves a lock behind, in Lago's format where Lago has
/// one, so that both can share a host. An unreadable or invalid claim counts as held.
/// This module never calls libvirt, never touches an environment's files and never removes what another prefix holds.
/// Start with `StateRoot`, then `LeaseStore` and `PrefixRegistry`.
package enum Claims {}

/// An error of a claim.
package struct ClaimError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// Held by another prefix.
        case taken
        /// Not a leasable subnet or valid name.
        case outOfRange
        /// Permission denied.
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

    /// Converts an error of the platform.
    init(_ cause: PlatformError, _ message: String) { self.init(cause.code == .permission ? .permission : .io, message) }

    package var description: String { message }
}
