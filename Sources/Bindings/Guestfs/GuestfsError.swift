/// What libguestfs or its appliance refused, in words a user can act on.
package struct GuestfsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// libguestfs is not installed, or lacks a function.
        case libraryMissing
        /// A drive could not be added: absent, unreadable, in use.
        case drive
        /// The appliance did not start.
        case launch
        /// The file or device asked for is not there.
        case notFound
        /// The filesystem in the image is full.
        case noSpace
        /// `cancel` was called, or the deadline passed.
        case cancelled
        /// The appliance was closed before the call.
        case closed
        /// Anything else the library reports.
        case failed
    }
    package var code: Code
    /// What was attempted, as "mount /dev/sda1".
    package var operation: String
    /// The library's own words.
    package var reason: String
    /// `errno` inside the appliance, or 0.
    package var errno: Int32
    /// The last lines the appliance wrote, oldest first; only for failures to start.
    package var log: [String]

    package init(_ code: Code, _ operation: String, _ reason: String, errno: Int32 = 0, log: [String] = []) {
        self.code = code
        self.operation = operation
        self.reason = reason
        self.errno = errno
        self.log = log
    }

    package var description: String {
        switch code {
        case .libraryMissing: "libguestfs cannot be used: \(reason); install libguestfs (scripts/setup does), or run: atoll doctor"
        case .launch:
            "cannot start the libguestfs appliance: \(reason)"
                + (log.isEmpty ? "" : "\n  its last words: " + log.joined(separator: "\n    "))
                + "\n  it needs QEMU and a kernel in /boot that this user can read; to see what is missing: atoll doctor"
        case .cancelled: "stopped while trying to \(operation)"
        default: "cannot \(operation): \(reason)"
        }
    }
}
