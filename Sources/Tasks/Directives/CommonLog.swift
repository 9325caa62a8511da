import Glibc

/// The log of all runs of one user, beside the one that each run has. Several processes write it at once: what one writes is a whole
/// number of lines, put at its end in one piece. Whoever rotates it moves it away; runs that go on keep writing the old one.
package final class CommonLog: Sendable {
    private let file: Int32

    /// Opens it, making it where it is missing.
    /// - Throws: `TaskError.config`.
    package init(path: String) throws {
        // Never through a link, nor waiting for the reader of a pipe: the directory may be others' too.
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
        let why = file < 0 ? String(cString: strerror(errno)) : nil
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            if file >= 0 { Glibc.close(file) }
            throw TaskError(
                .config,
                "the log of all runs, \(path), cannot be written: \(why ?? "it is no file"); set logdir to a directory of yours, or log_file_enabled to false"
            )
        }
        self.file = file
    }

    deinit { Glibc.close(file) }

    /// Where a run begins.
    package static let rule = String(repeating: "#", count: 120)

    package func write(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }
}
