import AtollModel

/// Why a run broke, or was never begun. The code decides the outcome of the result that is reported for it and the exit code (spec 6.7).
package struct TaskError: UserFacingError, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The command line makes no sense.
        case usage
        /// No such run, file or directive that was asked for by name.
        case notFound
        /// The formula cannot be used.
        case formula
        /// The configuration cannot be used.
        case config
        /// The user may not do this: packages to be installed without consent.
        case permission
        /// A directive refused its parameters, or the task itself failed.
        case directive
        /// The task promised results and gave none.
        case noResults
        /// A package, repository or server could not be had.
        case remote
        /// Nothing was written for too long.
        case silence
        /// It took too long in all.
        case timeout
        /// A signal.
        case interrupted
        /// Something of this host: disk full, a directory that cannot be made.
        case host
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
