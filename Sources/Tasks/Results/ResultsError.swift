import AtollModel

/// What went wrong with results, in words a user can act on.
package struct ResultsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// A text or value that means nothing here: an unknown outcome, a ResultYAML without `results` (libtaskotron's value error).
        case value
        /// Parameters of a directive that do not fit together, or a result that lacks what reporting needs (its directive error).
        case directive
        /// This task may not post results of that name.
        case namespace
        /// No answer from the server: refused, unknown host, timeout, broken TLS.
        case unreachable
        /// The server answered and said no; `status` tells how.
        case refused
        /// A file that cannot be read or written.
        case io
        /// Somebody else is writing the file.
        case locked
    }
    package var code: Code
    package var message: String
    /// HTTP status of a `.refused` answer, or 0.
    package var status: Int

    package init(_ code: Code, _ message: String, status: Int = 0) {
        self.code = code
        self.message = message
        self.status = status
    }

    package var description: String { message }
}

extension ResultsError: UserFacingError {}
