package import AtollModel
package import AtollPlatform
package import Foundation
import Glibc
package import OrderedCollections

/// A template in the store.
package struct StoredTemplate: Sendable, Equatable {
    package var name: TemplateName
    /// The raw image. Overlays back on it with format raw.
    package var path: String
    /// Keys of spec 4.2: `distro`, `arch`, `root-partition`, …
    package var metadata: OrderedDictionary<String, Value>
    /// nil for an image that another tool put into the store.
    package var record: TemplateRecord?
    /// What a guest sees, in bytes.
    package var virtualSize: Int64
    /// What it takes on disk, in bytes.
    package var realSize: Int64

    package var distro: String? { metadata["distro"]?.text }
    package var architecture: String? { metadata["arch"]?.text }
    /// How guests from this template get their identity; nil when its metadata does not say.
    package var bootstrap: BootstrapKind? { metadata["bootstrap"]?.text.flatMap(BootstrapKind.init(rawValue:)) }
    /// sha256 of the raw image.
    package var digest: String? { record?.image.sha256 }
}

/// What was found when a template came in, kept beside it as `.digests`.
package struct TemplateRecord: Sendable, Equatable, Codable {
    /// Of the file that was fetched, imported or built.
    package var source: Digest.Sums
    /// Of the raw image in the store.
    package var image: Digest.Sums
    /// Where it came from: a path, or `recipe NAME`.
    package var origin: String
    package var added: Date
    package var verified: Date
    /// For a template built from a recipe: the digest of the recipe as it was then.
    package var recipeDigest: String?
    /// What the image file looked like when its digest was last checked; nil until it was published.
    package var binding: FileBinding?
}

/// What must not move between verification and use.
package struct FileBinding: Sendable, Equatable, Codable {
    package var inode: UInt64
    package var size: Int64
    package var modified: Int64
    package var changed: Int64

    /// Times in nanoseconds; nil when there is no such file.
    init?(_ path: String) {
        guard let status = SystemCall.status(path) else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }

    /// What differs, in words.
    func difference(from other: FileBinding) -> String {
        var words: [String] = []
        if inode != other.inode { words.append("inode") }
        if size != other.size { words.append("size") }
        if modified != other.modified { words.append("modification time") }
        if changed != other.changed { words.append("status time") }
        return words.joined(separator: ", ")
    }
}
