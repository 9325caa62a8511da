import AtollPlatform
import Glibc

extension Tool {
    /// What a filter that ended left.
    package struct FilterResult: Sendable, Equatable {
        /// Exit status, or 128 + signal.
        package var status: Int32
        /// The end of its standard error.
        package var errors: String
    }

    /// Resource limits of a filter; it also gets no core dump and few descriptors.
    package struct FilterLimits: Sendable {
        /// Address space, in bytes.
        package var memory: Int64
        /// CPU time.
        package var seconds: Int

        package init(memory: Int64, seconds: Int) {
            self.memory = memory
            self.seconds = seconds
        }
    }

    /// Runs a program with the file `input` as its standard input, under resource limits, and passes its output to `sink` as it comes.
    /// An error of `sink` and task cancellation kill the program.
    /// - Throws: the error of `sink`; `.cancelled`; `.toolMissing`.
    package static func filter(
        _ name: String, _ arguments: [String], input: String, limits: FilterLimits,
        sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> FilterResult {
        for program in [name, "prlimit"] where find(program) == nil {
            throw PlatformError(.toolMissing, "\(program) is not installed, or not in PATH; run scripts/setup, or atoll doctor")
        }
        let words =
            ["prlimit", "--as=\(limits.memory)", "--cpu=\(limits.seconds)", "--core=0", "--nofile=32", name] + arguments
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await Blocking.run { try FilterRun(words: words, input: input, cancelled: flag).run(sink) }
        } onCancel: {
            flag.raise()
        }
    }

    private static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

/// One run of a filter, on the calling thread.
private struct FilterRun {
    let words: [String]
    let input: String
    let cancelled: CancellationFlag

    func run(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Tool.FilterResult {
        let source = try SystemCall.check("read \(input)") { open(input, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
        defer { close(source) }
        let output = try Pipe()
        let errors = try Pipe()
        defer {
            close(output.read)
            close(errors.read)
        }
        let process: pid_t
        do {
            defer {
                close(output.write)
                close(errors.write)
            }
            process = try spawn(source, output.write, errors.write)
        }
        var hasEnded = false
        defer {
            if !hasEnded {
                kill(process, SIGKILL)
                _ = Self.wait(process)
            }
        }
        let words = try pump(output.read, errors.read, sink)
        hasEnded = true
        return Tool.FilterResult(status: Self.wait(process), errors: words)
    }

    private func spawn(_ source: Int32, _ output: Int32, _ errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, target) in [(source, Int32(0)), (output, 1), (errors, 2)] {
            posix_spawn_file_actions_adddup2(&actions, descriptor, target)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw SystemCall.failure("start \(words[0])", errno: code) }
        return process
    }

    /// Reads both streams to their end; returns the end of the second one.
    private func pump(_ output: Int32, _ errors: Int32, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> String {
        var tail: [UInt8] = []
        var waiting = [pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0)]
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        // A negative descriptor is ignored by poll.
        while waiting.contains(where: { $0.fd >= 0 }) {
            if cancelled.isRaised { throw PlatformError(.cancelled, "interrupted") }
            let ready = poll(&waiting, nfds_t(waiting.count), 200)
            if ready < 0, errno != EINTR { throw SystemCall.failure("read from \(words[5])") }
            guard ready > 0 else { continue }
            for index in waiting.indices where waiting[index].revents != 0 {
                let count = try SystemCall.check("read from \(words[5])") { read(waiting[index].fd, buffer.baseAddress, buffer.count) }
                if count == 0 {
                    waiting[index].fd = -1
                } else if index == 0 {
                    try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                } else {
                    tail = Array((tail + buffer[..<count]).suffix(4096))
                }
            }
        }
        return String(decoding: tail, as: UTF8.self)
    }

    private static func wait(_ process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private struct Pipe {
        let read: Int32
        let write: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            try SystemCall.check("create a pipe") { LinuxCalls.pipe2(&ends, O_CLOEXEC) }
            (read, write) = (ends[0], ends[1])
        }
    }
}
