/// What a verb refuses or failed at, in words that end with what to do.
public struct EnvironmentError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The user asked for something that is not there or not allowed: exit 2.
        case notFound, exists, malformed, refused, busy, notRunning, timeout
        /// The host did not do what it should.
        case hostFailure
    }
    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
