/// XML as a value: a tree of `Element`, a deterministic writer, and a reader.
///
/// Has no knowledge of libvirt, files or networks. Never resolves an external entity, never accepts a document type
/// declaration, and throws on a character that XML does not allow. Namespaces are kept as written
/// (`xmlns:p` is an attribute, `p:name` a name); `Element.first(local:namespace:)` resolves them.
/// Start with `Element`, `XML.write` and `XML.read`.
package enum XML {
    /// Text of a document: `root`, indented by two spaces per level, with a final newline, without an XML declaration.
    /// - Throws: `XMLError` for an invalid name or a character that XML does not allow.
    package static func write(_ root: Element) throws -> String {
        var writer = Writer()
        try writer.element(root, depth: 0)
        return writer.text
    }

    /// Root element of a document. Comments and processing instructions are dropped, CDATA becomes text, attributes are
    /// sorted by name, and text that is only white space between elements is dropped.
    /// - Parameter depth: maximum nesting depth.
    /// - Throws: `XMLError` with the line of the error.
    package static func read(_ text: String, depth: Int = 256) throws -> Element {
        try Reader.read(text, depth: depth)
    }
}
