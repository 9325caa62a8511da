/// YAML and JSON text as located data: every value with its line and column, so that what is wrong with it can be placed.
///
/// The module bounds size, depth and aliases of a document, and renders values as JSON. It knows nothing of what a document
/// means. Start with `LocatedDocument.read`.
package enum Documents {
    /// Bytes. Larger files are refused unread: the largest real init files have a few ten thousand bytes.
    package static let sizeLimit = 4 << 20
}
