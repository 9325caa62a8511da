/// An error of reading or writing XML.
package struct XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// The text is not well-formed XML.
        case malformed
        /// The document has a document type declaration, which could define entities.
        case doctype
        /// Elements are nested deeper than the caller allows.
        case depth
        /// Invalid name, when writing.
        case name
        /// A character that XML does not allow, when writing.
        case character
    }
    package var code: Code
    package var message: String
    /// Line in the input, from 1; 0 when writing.
    package var line: Int
    /// Column in that line, from 1; 0 when unknown.
    package var column: Int

    package init(_ code: Code, _ message: String, line: Int = 0, column: Int = 0) {
        self.code = code
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String {
        line > 0 ? "line \(line)\(column > 0 ? ", column \(column)" : ""): \(message)" : message
    }
}
