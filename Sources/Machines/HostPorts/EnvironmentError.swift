/// What a verb refuses or failed at, in words that end with what to do.
package struct EnvironmentError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The user asked for something that is not there or not allowed: exit 2.
        case notFound, exists, malformed, refused, busy, notRunning, timeout
        /// The host did not do what it should.
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
