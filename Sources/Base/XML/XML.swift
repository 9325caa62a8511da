/// XML as a value: a tree of `Element`, a writer that escapes and indents the same way every time, and a reader.
///
/// It knows nothing of libvirt, files or networks. It never resolves an external entity, never accepts a document type
/// declaration, and never writes a character XML cannot hold: that is an error instead. Namespaces are kept as written
/// (`xmlns:p` is an attribute, `p:name` a name); `Element.first(local:namespace:)` resolves them when asked.
/// Start with `Element`, `XML.write` and `XML.read`.
package enum XML {
    /// The text of a document: `root`, indented by two spaces a level, ending with a newline, without an XML declaration.
    /// - Throws: `XMLError` when a name is no XML name or a text holds a character that XML forbids.
    package static func write(_ root: Element) throws -> String {
        var writer = Writer()
        try writer.element(root, depth: 0)
        return writer.text
    }

    /// The root element of a document. Comments and processing instructions are dropped, CDATA becomes text, attributes come
    /// sorted by name; text between elements is dropped when it is white space only.
    /// - Parameter depth: the deepest nesting accepted.
    /// - Throws: `XMLError` with the line of the fault.
    package static func read(_ text: String, depth: Int = 256) throws -> Element {
        try Reader.read(text, depth: depth)
    }
}
