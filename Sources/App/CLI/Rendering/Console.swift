import Glibc
import Synchronization

/// Our two output streams. Lines are written whole, from any thread.
final class Console: Sendable {
    /// The first error of standard output that its reader should hear of, as an errno.
    private let failure = Mutex<Int32?>(nil)
    private let lock = Mutex(())

    /// Whether standard error is a terminal that understands cursor movement.
    let isInteractive: Bool
    let useColor: Bool

    init() {
        let term = getenv("TERM").map { String(cString: $0) } ?? ""
        isInteractive = isatty(STDERR_FILENO) == 1 && term != "dumb" && !term.isEmpty
        useColor = isInteractive && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
    }

    func out(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    func err(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
    func errRaw(_ text: String) { write(text, to: STDERR_FILENO) }

    private func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// Bytes as they are, which need not be text.
    func write(_ bytes: [UInt8], to descriptor: Int32) {
        lock.withLock { _ in
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
                if count < 0 {
                    if errno == EINTR { continue }
                    if errno == EAGAIN {
                        // Somebody made the terminal non-blocking.
                        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        poll(&ready, 1, 1000)
                        continue
                    }
                    // A reader that went away had enough.
                    let code = errno
                    if descriptor == STDOUT_FILENO, code != EPIPE { failure.withLock { $0 = $0 ?? code } }
                    return
                }
                offset += count
            }
        }
    }

    /// Why standard output is not complete; nil when it is, or when nobody reads it any more.
    var outputProblem: String? { failure.withLock { $0 }.map { String(cString: strerror($0)) } }

    /// Whether this is a pipe or socket whose reader went away.
    static func isAbandoned(_ descriptor: Int32) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLERR) != 0
    }

    /// Columns of the terminal on standard error.
    var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }
}
