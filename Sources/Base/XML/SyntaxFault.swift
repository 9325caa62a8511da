/// What is wrong with a text that is not well-formed XML.
enum SyntaxFault {
    /// Names the fault that the parser found.
    /// - Parameters:
    ///   - code: libxml2's number of the fault.
    ///   - innermost: name of the element that is open where the parser stopped.
    static func text(_ code: Int, innermost: String?) -> String {
        switch code {
        case 4: "no XML element found"
        case 5:
            innermost.map { "unexpected end of text or text after the root; the innermost open element is <\($0)>" }
                ?? "text after the root element"
        case 6...8: "invalid character reference"
        case 9: "a character that XML does not allow"
        case 22, 23: "invalid entity reference; a plain '&' is written '&amp;'"
        case 26, 27: "unknown entity; a plain '&' is written '&amp;'"
        case 38: "'<' in an attribute value; it is written '&lt;'"
        case 39, 40: "an attribute value without quotes or without its end"
        case 41: "an attribute without a value"
        case 42: "an attribute is given twice"
        case 44, 45, 80: "invalid or unfinished comment"
        case 46, 47: "invalid or unfinished processing instruction"
        case 62, 63: "invalid or unfinished CDATA section"
        case 64: "an XML declaration that is not at the start of the text"
        case 65: "missing blank between attributes"
        case 68: "invalid name of an element or attribute; a plain '<' is written '&lt;'"
        case 73: "missing '>' at the end of a tag"
        case 76: innermost.map { "end tag does not match the open element <\($0)>" } ?? "end tag does not match the start tag"
        case 77: innermost.map { "the element <\($0)> has no end tag" } ?? "an element has no end tag"
        case 81: "bytes that do not fit the encoding"
        case 201...205: "invalid or undeclared namespace prefix"
        default: innermost.map { "the XML is not well formed, in element <\($0)>" } ?? "the XML is not well formed"
        }
    }
}
