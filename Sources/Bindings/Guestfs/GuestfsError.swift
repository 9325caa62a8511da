/// An error of libguestfs or its appliance.
package struct GuestfsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// libguestfs is not installed, or lacks a function.
        case libraryMissing
        /// A drive could not be added: missing, unreadable or in use.
        case drive
        /// The appliance did not start.
        case launch
        /// The file or device does not exist.
        case notFound
        /// The filesystem in the image is full.
        case noSpace
        /// `cancel` was called or the timeout passed.
        case cancelled
        /// The appliance was closed before the call.
        case closed
        /// Any other error of the library.
        case failed
    }
    package var code: Code
    /// The failed operation in the imperative: "mount '/dev/sda1'".
    package var operation: String
    /// The library's error message.
    package var reason: String
    /// `errno` inside the appliance, or 0.
    package var errno: Int32
    /// Last lines of the appliance's log, oldest first; only for failures to start.
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
        case .libraryMissing: "cannot load libguestfs: \(reason)\nhint: scripts/setup installs it; atoll doctor checks this host"
        case .launch:
            "cannot start the libguestfs appliance: \(reason)"
                + (log.isEmpty ? "" : "\n  last log lines: " + log.joined(separator: "\n    "))
                + "\nhint: it needs QEMU and a kernel in /boot that this user can read; run atoll doctor"
        case .cancelled: "cancelled: \(operation)"
        default: "cannot \(operation): \(reason)"
        }
    }
}
