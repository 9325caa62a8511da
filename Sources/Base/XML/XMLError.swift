/// Why a text could not be read as XML, or a tree not be written.
package struct XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// The text is no well-formed XML.
        case malformed
        /// It has a document type declaration, which could define entities; none is accepted.
        case doctype
        /// Elements are nested deeper than the caller allows.
        case depth
        /// A name that XML does not allow, when writing.
        case name
        /// A character that XML cannot hold, when writing.
        case character
    }
    package var code: Code
    package var message: String
    /// Line in the text read, from 1; 0 when writing.
    package var line: Int

    package init(_ code: Code, _ message: String, line: Int = 0) {
        self.code = code
        self.message = message
        self.line = line
    }

    package var description: String { line > 0 ? "line \(line): \(message)" : message }
}
