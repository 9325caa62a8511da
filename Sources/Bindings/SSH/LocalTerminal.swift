import Glibc
import Synchronization

/// The three streams a person or a script gave this process, and the terminal behind them when there is one.
package struct LocalTerminal: Sendable {
    package var input: Int32
    package var output: Int32
    package var error: Int32
    /// What the guest is told as TERM.
    package var kind: String

    package init(input: Int32 = 0, output: Int32 = 1, error: Int32 = 2, kind: String? = nil) {
        self.input = input
        self.output = output
        self.error = error
        self.kind = kind ?? getenv("TERM").map { String(cString: $0) } ?? "xterm"
    }

    /// Whether a person sits at both ends: then the guest gets a terminal of its own, else plain pipes.
    package var isInteractive: Bool { isatty(input) == 1 && isatty(output) == 1 }

    /// The terminal's size; nil when it is no terminal or does not know.
    package var size: WindowSize? {
        var value = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &value) == 0, value.ws_col > 0, value.ws_row > 0 else { return nil }
        return WindowSize(columns: Int32(value.ws_col), rows: Int32(value.ws_row))
    }

    /// Writes all of `bytes`; blocks while the reader is slow.
    package func write(_ channel: OutputChannel, _ bytes: [UInt8]) throws(SSHError) {
        let descriptor = channel == .standardOutput ? output : error
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var writable = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
                try pollDescriptors(&writable, nil)
            } else if errno != EINTR {
                throw SSHError(.local, "cannot write the command's output", cause: systemWords(errno))
            }
        }
    }
}

/// A terminal in raw mode: every key, Ctrl-C included, goes to the guest. Put back by `restore`, and by `exit` if that comes first.
package struct RawMode {
    private let descriptor: Int32
    private let before: termios

    /// What `exit` has to put back.
    private static let current = Mutex<(descriptor: Int32, before: termios)?>(nil)
    private static let atExit: Int32 = atexit { RawMode.restoreCurrent() }

    /// Puts the terminal that is in raw mode now, if one is, back as it was: for a process about to leave by `_exit`, which runs no `atexit`.
    /// Does not wait for output to drain, since a stopped terminal never drains.
    package static func restoreCurrent() {
        current.withLock { saved in
            if var kept = saved { tcsetattr(kept.descriptor, TCSANOW, &kept.before) }
            saved = nil
        }
    }

    /// Nil when `descriptor` is no terminal.
    package init?(_ descriptor: Int32) {
        var state = termios()
        guard tcgetattr(descriptor, &state) == 0 else { return nil }
        self.descriptor = descriptor
        before = state
        _ = Self.atExit
        let saved = state
        Self.current.withLock { $0 = (descriptor, saved) }
        cfmakeraw(&state)
        tcsetattr(descriptor, TCSADRAIN, &state)
    }

    /// Puts the terminal back as it was.
    package func restore() {
        var state = before
        tcsetattr(descriptor, TCSADRAIN, &state)
        Self.current.withLock { $0 = nil }
    }
}
