import CGuestfs
import Foundation
import Synchronization

/// Tail of the messages of the appliance and the library, for errors.
final class ApplianceLog: Sendable {
    private struct Lines {
        var whole: [String] = []
        var rest: [UInt8] = []
    }
    private let lines = Mutex(Lines())
    private static let kept = 40

    /// The last lines, oldest first.
    var tail: [String] {
        lines.withLock { lines in
            let rest = String(decoding: lines.rest, as: UTF8.self)
            return (lines.whole + [rest]).map { $0.filter { !$0.isNewline && $0 != "\u{1b}" } }.filter { !$0.isEmpty }
        }
    }

    /// Appends a chunk. Lines may span several chunks.
    func append(_ bytes: UnsafeRawBufferPointer) {
        lines.withLock { lines in
            lines.rest.append(contentsOf: bytes)
            var parts = lines.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            lines.rest = Array(parts.removeLast().suffix(4096))
            lines.whole.append(contentsOf: parts.map { String(decoding: $0, as: UTF8.self) })
            lines.whole.removeFirst(max(0, lines.whole.count - ApplianceLog.kept))
        }
    }

    /// Registers this log with a handle, which retains it: the returned reference is released after the handle is closed.
    func attach(to handle: OpaquePointer, of library: GuestfsLibrary) throws(GuestfsError) -> Unmanaged<ApplianceLog> {
        let subscribe: Signature.SetEventCallback = try library.function("guestfs_set_event_callback")
        let reference = Unmanaged.passRetained(self)
        let events = UInt64(GUESTFS_EVENT_APPLIANCE) | UInt64(GUESTFS_EVENT_LIBRARY) | UInt64(GUESTFS_EVENT_WARNING)
        // Runs on the thread inside a libguestfs call. It captures nothing, copies its argument and calls nothing back.
        let number = subscribe(
            handle,
            { _, opaque, _, _, _, text, length, _, _ in
                guard let opaque, let text, length > 0 else { return }
                let log = Unmanaged<ApplianceLog>.fromOpaque(opaque).takeUnretainedValue()
                log.append(UnsafeRawBufferPointer(start: text, count: length))
            }, events, 0, reference.toOpaque())
        if number == -1 {
            reference.release()
            throw GuestfsError(.failed, "subscribe to the appliance's log", "libguestfs refused the subscription")
        }
        return reference
    }
}
