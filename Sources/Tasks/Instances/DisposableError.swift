import AtollModel

/// Why an instance could not be had or used. The code decides what a run's result and exit code become.
package struct DisposableError: UserFacingError, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No such image, or it cannot be used.
        case image
        /// The VM could not be made, or never answered.
        case boot
        /// The machine cannot be reached or refused the login.
        case unreachable
        /// It went away while it was used.
        case lost
        /// A command said nothing for longer than it may.
        case silence
        /// A command took longer than it may.
        case timeout
        /// Something could not be copied.
        case copy
        /// A run of that name exists already.
        case exists
        /// What is asked of the machine cannot be given.
        case hardware
        /// The task was cancelled.
        case cancelled
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
