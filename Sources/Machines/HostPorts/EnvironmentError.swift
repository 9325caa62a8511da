package import AtollModel

/// Failure of a use case or of the host.
package struct EnvironmentError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Invalid request: exit 2.
        case notFound, exists, malformed, refused, busy, notRunning, timeout
        /// The host lacks an optional capability.
        case unsupported
        /// The host failed.
        case hostFailure
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension EnvironmentError {
    /// A change to an object of the host that does not belong to the prefix.
    /// - Parameter kind: `domain`, `network`, …
    package static func foreign(_ kind: String, _ name: String, _ owner: PrefixID) -> EnvironmentError {
        EnvironmentError(.refused, "\(kind) '\(name)' is foreign: it does not carry the owner tag of prefix \(owner.eight); not changed")
    }

    /// The error of an optional capability that a host lacks.
    package static func unsupported(_ capability: String) -> EnvironmentError {
        EnvironmentError(.unsupported, "\(capability): unsupported on this host")
    }
}
