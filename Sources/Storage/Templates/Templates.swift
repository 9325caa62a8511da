/// Template images: the repositories that offer them, the store that keeps verified raw copies, and who depends on which.
///
/// A template in the store never changes: it is published whole or not at all, hashed on its way in, bound to inode, size and times, and
/// hashed again before use whenever one of those moved. Its format is told from its own bytes; one that refers to other files is refused.
/// Who uses a template is observed (the headers of all overlays), not recorded. This room never boots, customises or leases anything.
/// Start with `TemplateCatalog` (a name from an init file to a file on disk), then `TemplateStore`.
package enum Templates {}

/// What went wrong with a template, in words a user can act on.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        case unknownTemplate, unknownVersion, unknownRepository
        /// A kind of source this version cannot fetch from.
        case unsupportedSource
        /// The bytes are not those that the repository promises.
        case hashMismatch
        /// Not the verified bytes any more, or the repository offers others under the same version.
        case changed
        /// Damaged, of a wrong format, or referring to other files.
        case badImage
        /// Overlays back on it.
        case inUse
        case exists, missing, invalidName, noSpace, permission, busy, cancelled, buildFailed, io
    }
    package var code: Code
    /// What is wrong.
    package var message: String
    /// What to do, where the message does not end with it.
    package var remedy: String

    package init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    package var description: String { remedy.isEmpty ? message : "\(message). \(remedy)" }
}

/// What a fetch, build or check is doing, for progress lines.
package enum TemplateEvent: Sendable, Equatable {
    /// Another process works on the same template; its lock file says this of it.
    case waiting(holder: String)
    case copying(done: Int64, total: Int64)
    /// Percent, 0...100.
    case converting(Double)
    case verifying(done: Int64, total: Int64)
    /// A line from a recipe's build.
    case building(String)
    case warning(String)
}
