import CSSH2
import Glibc

/// Carries a running command's input, output and window size until the host closes the channel.
///
/// libssh2 demands that a call which left bytes unsent is repeated before any other call that sends (reading sends too, when it
/// widens the window); `unfinished` is that call. Reading and feeding otherwise take turns, so neither side can starve.
struct Pump {
    private enum Operation: Equatable { case read(Int32), write, endInput, resize }

    private let transport: Transport
    private let channel: OpaquePointer
    private let call: Call
    private let output: OutputHandler
    private let streams: [Int32]
    private let window: (() -> WindowSize?)?
    private var source: InputSource
    private var size: WindowSize?
    private var pending: ArraySlice<UInt8> = []
    private var endSent = false
    private var unfinished: Operation?
    private let buffer: UnsafeMutableRawBufferPointer

    /// How often a terminal's size is looked at. Asking costs nothing, and needs no process-wide signal handler.
    private static let windowInterval: Duration = .milliseconds(200)
    private static let pieceSize = 32 << 10

    init(
        transport: Transport, channel: OpaquePointer, command: Command, source: InputSource, window: (() -> WindowSize?)?, call: Call,
        output: @escaping OutputHandler
    ) {
        self.transport = transport
        self.channel = channel
        self.call = call
        self.output = output
        self.source = source
        self.window = window
        size = command.terminal?.size
        streams = command.mergesErrors ? [0] : [0, SSH_EXTENDED_DATA_STDERR]
        buffer = .allocate(byteCount: 64 << 10, alignment: 1)
    }

    mutating func run() throws(SSHError) {
        defer { buffer.deallocate() }
        while true {
            var moved = false
            for stream in streams where mayBegin(.read(stream)) { moved = try drain(stream) || moved }
            if mayBegin(.write) { moved = try feed() || moved }
            if mayBegin(.endInput) { try endInput() }
            if mayBegin(.resize) { try resize() }
            if unfinished == nil, try hasClosed() { return }
            if moved { try call.check("running a command") } else { try rest() }
        }
    }

    private func mayBegin(_ operation: Operation) -> Bool { unfinished == nil || unfinished == operation }

    /// Notes whether `operation`, which said EAGAIN, has to be repeated first.
    private mutating func pause(_ operation: Operation) { unfinished = transport.hasUnsentBytes ? operation : nil }

    private mutating func drain(_ stream: Int32) throws(SSHError) -> Bool {
        var moved = false
        // A limit, so that endless output cannot keep input, resizing and cancellation waiting.
        for _ in 0..<16 {
            let count = libssh2_channel_read_ex(channel, stream, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
            if count == Int(LIBSSH2_ERROR_EAGAIN) {
                pause(.read(stream))
                return moved
            }
            unfinished = nil
            if count == 0 { return moved }
            if count < 0 { throw transport.failure(.channel, "\(transport.peer): the command's output broke off") }
            moved = true
            transport.heard()
            do {
                try output(stream == 0 ? .standardOutput : .standardError, Array(UnsafeRawBufferPointer(rebasing: buffer[..<count])))
            } catch {
                throw (error as? SSHError) ?? SSHError(.local, "cannot pass on the command's output", cause: "\(error)")
            }
        }
        return moved
    }

    private mutating func feed() throws(SSHError) -> Bool {
        if pending.isEmpty, source.descriptor == nil, !source.hasEnded { pending = try source.next(Self.pieceSize)[...] }
        guard !pending.isEmpty else { return false }
        let piece = pending
        let count = piece.withUnsafeBytes {
            libssh2_channel_write_ex(channel, 0, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        if count == Int(LIBSSH2_ERROR_EAGAIN) {
            pause(.write)
            return false
        }
        unfinished = nil
        if count == Int(LIBSSH2_ERROR_CHANNEL_CLOSED) || count == Int(LIBSSH2_ERROR_CHANNEL_EOF_SENT) {
            // The command ended without reading everything: its right.
            pending = []
            source.end()
            endSent = true
            return true
        }
        if count < 0 { throw transport.failure(.channel, "\(transport.peer): the command's input broke off") }
        pending = pending.dropFirst(count)
        return count > 0
    }

    private mutating func endInput() throws(SSHError) {
        guard !endSent, source.hasEnded, pending.isEmpty else { return }
        let code = libssh2_channel_send_eof(channel)
        if code == LIBSSH2_ERROR_EAGAIN { return pause(.endInput) }
        unfinished = nil
        endSent = true
        if code != 0, code != LIBSSH2_ERROR_CHANNEL_CLOSED, code != LIBSSH2_ERROR_CHANNEL_EOF_SENT {
            throw transport.failure(.channel, "\(transport.peer): cannot end the command's input")
        }
    }

    private mutating func resize() throws(SSHError) {
        // A resize that is half sent is finished with the size it was begun with.
        if unfinished == nil {
            guard let now = window?(), now != size else { return }
            size = now
        }
        guard let size else { return }
        let code = libssh2_channel_request_pty_size_ex(channel, size.columns, size.rows, 0, 0)
        if code == LIBSSH2_ERROR_EAGAIN { return pause(.resize) }
        unfinished = nil
    }

    /// The end is when the host has closed the channel. End of output alone is not: a command may close its output and read on.
    private func hasClosed() throws(SSHError) -> Bool {
        guard libssh2_channel_eof(channel) == 1 else { return false }
        let code = libssh2_channel_wait_closed(channel)
        if code == LIBSSH2_ERROR_EAGAIN { return false }
        if code != 0 { throw transport.failure(.channel, "\(transport.peer): the channel did not close") }
        return true
    }

    private mutating func rest() throws(SSHError) {
        var others: [pollfd] = []
        if pending.isEmpty, unfinished == nil, let descriptor = source.descriptor {
            others = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        }
        // Before the wait, which sees the answer: reading the channel would swallow one that comes at once.
        if unfinished == nil { try transport.keepAlive(every: Session.keepAliveInterval) }
        let atMost = window == nil ? Session.keepAliveInterval : Self.windowInterval
        let ready = try transport.wait("running a command", call, others: others, atMost: atMost)
        if let input = ready.first, input.revents != 0 {
            pending = input.revents & Int16(POLLNVAL) != 0 ? [] : try source.next(Self.pieceSize)[...]
            if input.revents & Int16(POLLNVAL) != 0 { source.end() }
        }
    }
}
