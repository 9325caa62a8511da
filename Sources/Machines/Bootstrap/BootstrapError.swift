package import AtollGuestfs
import AtollModel

/// Why a guest could not be given its identity, in words a user can act on.
package struct BootstrapError: Error, Sendable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// The disk holds no operating system that could be found.
        case noOperatingSystem
        /// A disk, or a file on it, could not be read or written.
        case disk
        /// A recipe is missing, malformed or refers to itself.
        case recipe
        /// The init file's `cloud-init` cannot be used.
        case cloudInit
        /// A value cannot be written into the volume or file format asked for.
        case unrepresentable
        /// The appliance did not start.
        case appliance
        /// The caller gave up.
        case cancelled
    }
    package var code: Code
    package var message: String
    /// What the failing call itself said.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}

// Here because the binding does not know the Model.
extension GuestfsError: UserFacingError {}
