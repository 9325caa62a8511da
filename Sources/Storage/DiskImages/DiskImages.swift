/// Disk images as files: what they are by their own bytes, and the layers, empty disks and conversions made of them.
///
/// An image of unknown origin is read by our own header reader first: qemu-img guesses formats, and a raw disk whose guest wrote a qcow2
/// header, or a qcow2 with a backing or data file, would make it open any file of the host. So every call of qemu-img names the format.
/// This room never mounts, boots or customises anything and knows nothing of templates or prefixes.
/// Start with `ImageHeader` (what is this file?), then `QemuImg` (make and convert).
package enum DiskImages {}

/// What went wrong with an image, in words a user can act on.
package struct DiskImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// No such file.
        case missing
        /// Neither of the formats we use.
        case wrongFormat
        /// Shorter than its own tables say, or its tables make no sense.
        case damaged
        /// It names another file, which a template must not.
        case refersElsewhere
        case permission, noSpace, toolMissing, toolFailed, cancelled, io
    }
    package var code: Code
    package var message: String
    /// The file that is missing under another one; nil for everything else.
    package var file: String?

    package init(_ code: Code, _ message: String, file: String? = nil) {
        self.code = code
        self.message = message
        self.file = file
    }

    package var description: String { message }
}
