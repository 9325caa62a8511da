import CLibvirt
import Foundation
import Glibc

/// What is set up once in a process.
enum Library {
    /// The library, with a handler that prints nothing: the default one writes every error to stderr, ours are thrown.
    static let prepare: Void = {
        virInitialize()
        virSetErrorFunc(nil) { _, _ in }
    }()

    /// The event loop, on a thread of its own that lives as long as the process (`virEventRunDefaultImpl` never comes to an end).
    /// It has to be registered before the connection that shall deliver events is opened.
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

    /// Copies a list of handles that libvirt allocated and frees the list; the handles stay the caller's.
    static func take(_ list: UnsafeMutablePointer<OpaquePointer?>?, count: Int32) -> [OpaquePointer] {
        guard let list else { return [] }
        defer { free(list) }
        return (0..<Int(max(count, 0))).compactMap { list[$0] }
    }

    /// The text form of a UUID, as one of libvirt's `…GetUUIDString` fills it in; nil when the call fails.
    static func uuid(_ fill: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
        let length = Int(VIR_UUID_STRING_BUFLEN)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, fill(start) == 0 else { return nil }
            return String(cString: start)
        }
    }
}
