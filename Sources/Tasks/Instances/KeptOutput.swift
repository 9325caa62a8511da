import AtollCommands
import Synchronization

/// What a command wrote, up to a limit for each stream; what comes after is dropped, not refused, so that the command goes on.
final class KeptOutput: Sendable {
    private let limit: Int
    private let kept = Mutex<[CommandStream: [UInt8]]>([:])

    init(limit: Int) { self.limit = limit }

    func append(_ stream: CommandStream, _ bytes: [UInt8]) {
        kept.withLock { kept in
            let room = limit - (kept[stream]?.count ?? 0)
            if room > 0 { kept[stream, default: []] += bytes.prefix(room) }
        }
    }

    func bytes(_ stream: CommandStream) -> [UInt8] { kept.withLock { $0[stream] ?? [] } }
}
