import AtollGuestAccess
import Synchronization

/// What commands wrote, both streams in the order they came, up to a limit.
package final class OutputTail: Sendable {
    private let limit: Int
    private let state = Mutex<(bytes: [UInt8], last: [UInt8], isCut: Bool)>(([], [], false))

    package init(limit: Int = 4 << 20) { self.limit = limit }

    package func append(_ bytes: [UInt8]) {
        state.withLock { state in
            state.bytes += bytes.prefix(limit - state.bytes.count)
            // The end is told in errors, even when the limit was passed long before.
            state.last = Array((state.last + bytes.suffix(Self.tailLength)).suffix(Self.tailLength))
            if state.bytes.count == limit { state.isCut = true }
        }
    }

    /// From the beginning.
    package var text: String { String(decoding: state.withLock { $0.bytes }, as: UTF8.self) }
    package var isCut: Bool { state.withLock { $0.isCut } }

    package func tail(lines: Int = 10) -> String {
        GuestText.tail(String(decoding: state.withLock { $0.last }, as: UTF8.self), lines: lines)
    }

    /// The tail as the end of a message: empty, or a colon and lines.
    package var ending: String {
        let tail = tail()
        return tail.isEmpty ? "" : ":\n\(tail)"
    }

    private static let tailLength = 4096
}
