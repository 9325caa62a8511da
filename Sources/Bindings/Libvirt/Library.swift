import CLibvirt
import Foundation
import Glibc

/// Process-wide setup of libvirt, and helpers for memory it allocates.
enum Library {
    /// Initialises the library with an error handler that prints nothing; the default one prints every error to stderr.
    static let prepare: Void = {
        virInitialize()
        virSetErrorFunc(nil) { _, _ in }
    }()

    /// Starts the event loop on its own thread, which runs until the process exits (`virEventRunDefaultImpl` in a loop).
    /// Must be registered before a connection that delivers events is opened.
    static let events: Void = {
        prepare
        virEventRegisterDefaultImpl()
        let thread = Thread { while virEventRunDefaultImpl() >= 0 {} }
        thread.name = "libvirt-events"
        thread.start()
    }()

    /// Copies and frees a string that libvirt allocated.
    static func take(_ text: UnsafeMutablePointer<CChar>) -> String {
        defer { free(text) }
        return String(cString: text)
    }

    /// Copies a list of handles that libvirt allocated and frees the list; the caller owns the handles.
    static func take(_ list: UnsafeMutablePointer<OpaquePointer?>?, count: Int32) -> [OpaquePointer] {
        guard let list else { return [] }
        defer { free(list) }
        return (0..<Int(max(count, 0))).compactMap { list[$0] }
    }

    /// Text form of a UUID from one of libvirt's `…GetUUIDString` functions; nil if the call fails.
    static func uuid(_ fill: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
        let length = Int(VIR_UUID_STRING_BUFLEN)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, fill(start) == 0 else { return nil }
            return String(cString: start)
        }
    }
}
