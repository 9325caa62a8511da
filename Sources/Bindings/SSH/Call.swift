import Glibc
import Synchronization

/// The bounds of one call: when it must be over, and what ends it before.
struct Call {
    let deadline: Deadline
    let cancellation: Cancellation

    /// - Throws: `.cancelled` or `.deadline` when the call has to end now.
    func check(_ what: @autoclosure () -> String) throws(SSHError) {
        if cancellation.isSignalled { throw SSHError(.cancelled, "interrupted while \(what())") }
        if deadline.hasPassed { throw SSHError(.deadline, "gave up \(what()) after \(deadline.timeout?.spoken ?? "its time")") }
    }
}

/// A point on the monotonic clock, or none.
struct Deadline {
    let end: ContinuousClock.Instant?
    /// What was asked for, for messages.
    let timeout: Duration?

    init(_ timeout: Duration?) {
        self.timeout = timeout
        end = timeout.map { ContinuousClock.now + $0 }
    }

    var remaining: Duration? { end.map { max(.zero, $0 - .now) } }
    var hasPassed: Bool { end.map { $0 <= .now } ?? false }
}

/// Wakes a `poll` from another thread. One per call, so that a late cancellation cannot hit the next call.
final class Cancellation: Sendable {
    /// Becomes readable with `signal()`, and stays so.
    let descriptor: Int32
    private let signalling: Int32
    private let signalled = Atomic(false)

    init() throws(SSHError) {
        // A socket pair, because it is close-on-exec from the first moment; `pipe` is not.
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw SSHError(.local, "cannot make a wake-up pipe", cause: systemWords(errno))
        }
        descriptor = pair[0]
        signalling = pair[1]
    }

    deinit {
        close(descriptor)
        close(signalling)
    }

    var isSignalled: Bool { signalled.load(ordering: .acquiring) }

    func signal() {
        signalled.store(true, ordering: .releasing)
        var byte: UInt8 = 1
        send(signalling, &byte, 1, Int32(MSG_NOSIGNAL))
    }
}

/// `poll` with interruptions retried; nil timeout waits for ever. Rounds up, so that a deadline has passed when it returns.
func pollDescriptors(_ descriptors: inout [pollfd], _ timeout: Duration?) throws(SSHError) {
    let end = timeout.map { ContinuousClock.now + $0 }
    while true {
        var milliseconds: Int32 = -1
        if let end {
            let left = max(.zero, end - .now)
            let (seconds, attoseconds) = left.components
            milliseconds = Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        }
        if poll(&descriptors, nfds_t(descriptors.count), milliseconds) >= 0 { return }
        if errno != EINTR { throw SSHError(.local, "cannot wait for the connection", cause: systemWords(errno)) }
    }
}

func systemWords(_ code: Int32) -> String { String(cString: strerror(code)) }

extension Duration {
    /// "0.5 s", "12 s": for messages.
    var spoken: String {
        let (seconds, attoseconds) = components
        let tenths = attoseconds / 100_000_000_000_000_000
        return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
}
