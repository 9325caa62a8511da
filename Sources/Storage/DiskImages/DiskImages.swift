/// Disk images: reading their headers, and creating overlays, empty disks and conversions.
///
/// The header of an untrusted image is read without qemu-img first: qemu-img probes formats, and a raw disk whose guest wrote a qcow2
/// header, or a qcow2 with a backing or data file, would let it open any file of the host. Every qemu-img call names the format.
/// This module never mounts, boots or customises images and has no knowledge of templates or prefixes.
/// Start with `ImageHeader` (inspect a file), then `QemuImg` (create and convert).
package enum DiskImages {}

/// An error of a disk image.
package struct DiskImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on this, never on the text.
    package enum Code: String, Sendable {
        /// The file does not exist.
        case missing
        /// Unsupported format.
        case wrongFormat
        /// Truncated or inconsistent tables.
        case damaged
        /// It refers to another file, which a template must not.
        case refersElsewhere
        case permission, noSpace, toolMissing, toolFailed, cancelled, io
    }
    package var code: Code
    package var message: String
    /// The missing backing file; nil for other errors.
    package var file: String?

    package init(_ code: Code, _ message: String, file: String? = nil) {
        self.code = code
        self.message = message
        self.file = file
    }

    package var description: String { message }
}
