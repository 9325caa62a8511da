import Synchronization

/// Keeps a command's two streams, up to a limit each.
package final class CapturedOutput: Sendable {
    private let limit: Int
    private let kept = Mutex<(output: [UInt8], errors: [UInt8])>(([], []))

    package init(limit: Int) { self.limit = limit }

    package func append(_ stream: CommandStream, _ bytes: [UInt8]) {
        kept.withLock { kept in
            switch stream {
            case .output: kept.output += bytes.prefix(max(0, limit - kept.output.count))
            case .errors: kept.errors += bytes.prefix(max(0, limit - kept.errors.count))
            }
        }
    }

    package func bytes(_ stream: CommandStream) -> [UInt8] { kept.withLock { stream == .output ? $0.output : $0.errors } }

    /// Bytes that are no UTF-8 become U+FFFD.
    package func text(_ stream: CommandStream) -> String { String(decoding: bytes(stream), as: UTF8.self) }
}
