import CSSH2
import Glibc

/// One libssh2 session in non-blocking mode and the socket under it. Not Sendable on purpose: it lives inside one `Session`.
final class Transport {
    let session: OpaquePointer
    let descriptor: Int32
    /// "root@192.168.200.2", for messages.
    let peer: String
    /// False once an operation was left half done or the connection broke: libssh2 cannot continue from there.
    private(set) var isUsable = true
    /// Whether the host ever opened a channel.
    private(set) var hasHadChannel = false
    /// When the peer last sent anything or was last asked to.
    private var lastSign = ContinuousClock.now
    /// Keepalives sent since the peer last sent anything.
    private var unanswered = 0

    /// Takes the socket over; it is closed with the object.
    init(descriptor: Int32, peer: String) throws(SSHError) {
        guard SSH.initialised, let session = cssh2_session_init(nil) else {
            close(descriptor)
            throw SSHError(.local, "libssh2 cannot make a session: out of memory")
        }
        libssh2_session_set_blocking(session, 0)
        self.session = session
        self.descriptor = descriptor
        self.peer = peer
    }

    deinit {
        // libssh2 may still want to send while it frees; on a socket shut down that fails at once instead of asking to wait.
        shutdown(descriptor, Int32(SHUT_RDWR))
        libssh2_session_free(session)
        close(descriptor)
    }

    /// Whether libssh2 has bytes it could not send yet. Then the very call that said EAGAIN must be repeated before any other.
    var hasUnsentBytes: Bool { libssh2_session_block_directions(session) & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 }

    /// Repeats `operation` until it no longer says EAGAIN, and returns its result, which may be another error.
    func complete(_ what: String, _ call: Call, _ operation: () -> Int) throws(SSHError) -> Int {
        while true {
            let result = operation()
            if result != Int(LIBSSH2_ERROR_EAGAIN) { return result }
            do throws(SSHError) { try wait(what, call) } catch {
                isUsable = false
                throw error
            }
        }
    }

    /// As `complete`, for calls that answer a pointer and leave EAGAIN in the session.
    func completePointer(_ what: String, _ call: Call, _ operation: () -> OpaquePointer?) throws(SSHError) -> OpaquePointer? {
        var pointer: OpaquePointer?
        _ = try complete(what, call) {
            pointer = operation()
            return pointer == nil && libssh2_session_last_errno(session) == LIBSSH2_ERROR_EAGAIN ? Int(LIBSSH2_ERROR_EAGAIN) : 0
        }
        return pointer
    }

    /// How long a host may take to let go of the last channel.
    private static let openPatience: Duration = .seconds(3)

    /// As `completePointer`, for what opens a channel. A host that allows few of them at once (`MaxSessions 1`) counts the last one
    /// until it has cleared away the command, a moment after both sides closed it: so a refusal is no last word but on the first channel.
    func opening(_ what: String, _ call: Call, _ operation: () -> OpaquePointer?) throws(SSHError) -> OpaquePointer? {
        let patience = Deadline(Self.openPatience)
        var pause: Duration = .milliseconds(10)
        while true {
            if let pointer = try completePointer(what, call, operation) {
                hasHadChannel = true
                return pointer
            }
            guard hasHadChannel, isUsable, isRefusedChannel, !patience.hasPassed else { return nil }
            var waiting = [pollfd(fd: call.cancellation.descriptor, events: Int16(POLLIN), revents: 0)]
            try pollDescriptors(&waiting, [pause, call.deadline.remaining].compactMap { $0 }.min())
            try call.check("\(what) (\(peer))")
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// Whether the host would not open the channel, as opposed to not offering what was to run on it.
    private var isRefusedChannel: Bool {
        let last = lastError
        return last.code == LIBSSH2_ERROR_CHANNEL_FAILURE
            && (last.words.hasPrefix("Channel open failure") || last.words == "Unable to startup channel")
    }

    /// Waits until the socket is ready in the direction libssh2 needs, one of `others` is, `atMost` is over or the call has to end.
    /// - Throws: `.deadline` or `.cancelled`.
    @discardableResult
    func wait(_ what: String, _ call: Call, others: [pollfd] = [], atMost: Duration? = nil) throws(SSHError) -> [pollfd] {
        let directions = libssh2_session_block_directions(session)
        // With bytes unsent nothing else can go on: waiting for input as well would spin while there is some.
        let events = directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 ? POLLOUT : POLLIN
        var waiting = [
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
            pollfd(fd: call.cancellation.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        waiting += others
        let patience = [call.deadline.remaining, atMost].compactMap { $0 }.min()
        try pollDescriptors(&waiting, patience)
        if waiting[0].revents & Int16(POLLIN) != 0 { heard() }
        try call.check("\(what) (\(peer))")
        return Array(waiting.dropFirst(2))
    }

    /// The peer sent something.
    func heard() {
        lastSign = .now
        unanswered = 0
    }

    /// The connection cannot be used any more.
    func abandon() { isUsable = false }

    /// Code and words of libssh2's last error.
    var lastError: (code: Int32, words: String) {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        let code = libssh2_session_last_error(session, &text, &length, 0)
        return (code, text.map { String(cString: $0) } ?? "error \(code)")
    }

    /// The error for libssh2's last failure. A broken connection is told from a refusal, whatever was being done.
    func failure(_ code: SSHError.Code, _ message: String) -> SSHError {
        let last = lastError
        let broken = [
            LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_BAD_SOCKET,
            LIBSSH2_ERROR_SOCKET_TIMEOUT,
        ]
        if broken.contains(last.code) {
            isUsable = false
            return SSHError(.disconnected, "\(peer) closed the connection", cause: last.words)
        }
        return SSHError(code, message, cause: last.words)
    }

    /// Asks a silent peer for a sign of life, and gives it up when three such questions stayed unanswered.
    func keepAlive(every interval: Duration) throws(SSHError) {
        guard ContinuousClock.now - lastSign >= interval else { return }
        if unanswered >= 3 {
            isUsable = false
            throw SSHError(.disconnected, "\(peer) has not answered for \((interval * 4).spoken); is the guest paused or stopped?")
        }
        lastSign = .now
        unanswered += 1
        // A keepalive that is sent in part would block every other packet: only when the socket takes bytes now.
        var writable = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
        try pollDescriptors(&writable, .zero)
        var next: Int32 = 0
        if writable[0].revents == Int16(POLLOUT) { libssh2_keepalive_send(session, &next) }
    }

    /// Whether the peer has closed the connection while nobody was looking.
    var isOpen: Bool {
        guard isUsable else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }
}
