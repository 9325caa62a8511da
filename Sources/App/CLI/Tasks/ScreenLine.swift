import Glibc

/// Whether the cursor of the terminal behind standard error stands in a line that the task has not ended: a line of ours would be glued to
/// it. Only a terminal shows both; what goes into files and pipes is nobody's business here.
struct ScreenLine {
    /// Descriptors that are shown there.
    private let shown: Set<Int32>
    private var last: UInt8 = 10

    init(shown: Set<Int32> = ScreenLine.onTerminal(STDOUT_FILENO, STDERR_FILENO)) { self.shown = shown }

    mutating func wrote(_ bytes: [UInt8], to descriptor: Int32) {
        if shown.contains(descriptor), let byte = bytes.last { last = byte }
    }

    /// Before a line of ours.
    /// - Returns: whether the task's line has to be ended first; it counts as ended then.
    mutating func end() -> Bool {
        defer { last = 10 }
        return last != 10
    }

    /// Those of the two that are the terminal of the second; none when that is no terminal.
    static func onTerminal(_ output: Int32, _ errors: Int32) -> Set<Int32> {
        func terminal(_ descriptor: Int32) -> dev_t? {
            var status = stat()
            return isatty(descriptor) == 1 && fstat(descriptor, &status) == 0 ? status.st_rdev : nil
        }
        guard let screen = terminal(errors) else { return [] }
        return terminal(output) == screen ? [output, errors] : [errors]
    }
}
