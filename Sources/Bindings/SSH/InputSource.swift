import Glibc

/// Feeds a command's input in pieces no larger than asked for.
struct InputSource {
    private enum State {
        case bytes(ArraySlice<UInt8>)
        case descriptor(Int32)
        case ended
    }

    private var state: State
    /// Watches for `~.` typed by a person; nil for other input.
    private var escape: EscapeSequence?

    init(_ input: Input, escape: EscapeSequence? = nil) {
        self.escape = escape
        state =
            switch input {
            case .none: .ended
            case .bytes(let bytes): bytes.isEmpty ? .ended : .bytes(bytes[...])
            case .descriptor(let descriptor): .descriptor(descriptor)
            }
    }

    var hasEnded: Bool { if case .ended = state { true } else { false } }

    /// The descriptor to wait for before `next`, when there is one.
    var descriptor: Int32? { if case .descriptor(let descriptor) = state { descriptor } else { nil } }

    /// The next piece. Empty means that the input has ended, or that what was typed is no input.
    mutating func next(_ limit: Int) throws(SSHError) -> [UInt8] {
        switch state {
        case .ended: return []
        case .bytes(let rest):
            let piece = rest.prefix(limit)
            let left = rest.dropFirst(limit)
            state = left.isEmpty ? .ended : .bytes(left)
            return Array(piece)
        case .descriptor(let descriptor): return try read(descriptor, limit)
        }
    }

    private mutating func read(_ descriptor: Int32, _ limit: Int) throws(SSHError) -> [UInt8] {
        var failed: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let result = Glibc.read(descriptor, buffer.baseAddress, limit)
            if result < 0 { failed = errno }
            count = max(0, result)
        }
        // EAGAIN: somebody else made the descriptor non-blocking. EIO: the terminal has gone, or we are in its background.
        if failed == EINTR || failed == EAGAIN { return [] }
        if failed != 0 && failed != EIO { throw SSHError(.local, "cannot read the command's input", cause: systemWords(failed)) }
        if piece.isEmpty { state = .ended }
        guard escape != nil else { return piece }
        guard let typed = escape?.filter(piece) else { throw SSHError(.cancelled, "connection left by ~.") }
        return typed
    }

    /// Nobody reads the input any more.
    mutating func end() { state = .ended }
}

/// The one escape of interactive sessions, as in OpenSSH: `~.` at the start of a line leaves a guest that no longer answers;
/// `~~` there types one tilde.
struct EscapeSequence: Sendable {
    private enum State { case lineStart, tilde, inLine }
    private var state = State.lineStart

    /// What of `typed` goes to the guest; nil when the user wants to leave.
    mutating func filter(_ typed: [UInt8]) -> [UInt8]? {
        var passed: [UInt8] = []
        for byte in typed {
            switch (state, byte) {
            case (.lineStart, UInt8(ascii: "~")):
                state = .tilde
                continue
            case (.tilde, UInt8(ascii: ".")): return nil
            case (.tilde, UInt8(ascii: "~")): passed.append(byte)
            case (.tilde, _): passed += [UInt8(ascii: "~"), byte]
            default: passed.append(byte)
            }
            state = byte == 13 || byte == 10 ? .lineStart : .inLine
        }
        return passed
    }
}
