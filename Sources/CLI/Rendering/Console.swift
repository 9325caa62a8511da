import Glibc
import Synchronization

/// Our two output streams. Lines are written whole, from any thread.
final class Console: Sendable {
    private let lock = Mutex(())

    /// Whether standard error is a terminal that understands cursor movement.
    let isInteractive: Bool
    let useColor: Bool

    init() {
        let term = getenv("TERM").map { String(cString: $0) } ?? ""
        isInteractive = isatty(STDERR_FILENO) == 1 && term != "dumb" && !term.isEmpty
        useColor = isInteractive && getenv("NO_COLOR") == nil
    }

    func out(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    func err(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
    func errRaw(_ text: String) { write(text, to: STDERR_FILENO) }

    private func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        lock.withLock { _ in
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    return
                }
                offset += count
            }
        }
    }

    /// Columns of the terminal on standard error.
    var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }
}
