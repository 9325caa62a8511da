import AtollCommands
import AtollPlatform
import Glibc
import Synchronization

/// One process of this machine, leader of a session of its own, so that it can be ended with everything it started.
struct LocalProcess: Sendable {
    var arguments: [String]
    var environment: [String: String]
    /// How long after TERM it is killed.
    var grace: Duration = .seconds(5)

    /// Runs it to its end. Cancelling the task ends its whole process group.
    func run(input: CommandInput, output: @escaping CommandOutput) async throws -> CommandResult {
        let ending = Ending()
        return try await withTaskCancellationHandler {
            let result = try await Blocking.run { try supervise(input, ending, output) }
            try Task.checkCancellation()
            return result
        } onCancel: {
            ending.request()
        }
    }

    private func supervise(_ input: CommandInput, _ ending: Ending, _ output: CommandOutput) throws -> CommandResult {
        let standardInput = try Self.open(input)
        defer { if case .descriptor = input {} else { close(standardInput) } }
        let (standardOutput, standardError) = (try Pipe(), try Pipe())
        let pid = Result { try Pipe.spawning.withLock { _ in try spawn(standardInput, standardOutput.writing, standardError.writing) } }
        close(standardOutput.writing)
        close(standardError.writing)
        var open: [(descriptor: Int32, stream: CommandStream)] = [(standardOutput.reading, .output), (standardError.reading, .errors)]
        defer { for entry in open { close(entry.descriptor) } }
        let process = try pid.get()
        ending.began(process)
        var status: Int32 = 0
        var deadline: ContinuousClock.Instant?
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var exited = false
        // What its pipes may still hold when it ends; beyond that it is others who write.
        var rest = 1 << 20
        var looked = ContinuousClock.now
        do {
            while !open.isEmpty {
                var polls = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
                _ = poll(&polls, nfds_t(polls.count), 100)
                var silent = true
                for index in polls.indices.reversed() where polls[index].revents != 0 {
                    silent = false
                    let count = read(open[index].descriptor, &buffer, buffer.count)
                    if count > 0 {
                        if exited { rest -= count }
                        try output(open[index].stream, Array(buffer[..<count]))
                    } else if count == 0 || errno != EINTR {
                        close(open.remove(at: index).descriptor)
                    }
                }
                if ending.isOverdue(after: grace) { kill(-process, SIGKILL) }
                // Asked now and then in a flood of output too: it may come from what the command left running.
                let now = ContinuousClock.now
                if silent || now - looked > .milliseconds(100), !exited {
                    looked = now
                    if waitpid(process, &status, WNOHANG) == process {
                        // What it left running holds our pipes: it goes with it.
                        exited = true
                        kill(-process, SIGKILL)
                        deadline = now + .seconds(1)
                    }
                }
                // Whoever left the group as well is not waited for.
                if let deadline, now > deadline, silent || rest < 0 { break }
            }
        } catch {
            kill(-process, SIGKILL)
            if !exited { waitpid(process, &status, 0) }
            throw error
        }
        while !exited {
            let found = waitpid(process, &status, WNOHANG)
            if found == process || found < 0 && errno == ECHILD { break }
            if ending.isOverdue(after: grace) { kill(-process, SIGKILL) }
            usleep(2000)
        }
        ending.ended()
        kill(-process, SIGKILL)
        let signal = status & 0x7f
        return signal == 0 ? CommandResult(code: (status >> 8) & 0xff) : CommandResult(code: 128 + signal, signal: Self.name(of: signal))
    }

    private func spawn(_ input: Int32, _ output: Int32, _ errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [input, output, errors].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // SETSID | SETSIGDEF | SETSIGMASK: our ignored SIGPIPE and blocked signals are not the task's.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, 0x80 | 0x04 | 0x08)
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, arguments.first ?? "", &actions, &attributes, words, variables)
        guard code == 0 else {
            throw DisposableError(.lost, "\(arguments.first ?? "") cannot be started: \(String(cString: strerror(code)))")
        }
        return process
    }

    private static func open(_ input: CommandInput) throws -> Int32 {
        switch input {
        case .descriptor(let descriptor): return descriptor
        case .none: return try SystemCall.check("open /dev/null") { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
        case .bytes(let bytes):
            // A file without a name: a pipe would need somebody to fill it.
            var template = Array("/tmp/atoll-input-XXXXXX".utf8CString)
            let file = try SystemCall.check("make a file in /tmp") { mkstemp(&template) }
            _ = template.withUnsafeBufferPointer { $0.baseAddress.map { unlink($0) } }
            _ = fcntl(file, F_SETFD, FD_CLOEXEC)
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    close(file)
                    throw SystemCall.failure("write a file in /tmp")
                }
                written += count
            }
            lseek(file, 0, SEEK_SET)
            return file
        }
    }

    private static func name(of signal: Int32) -> String {
        [
            SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGABRT: "ABRT", SIGKILL: "KILL", SIGSEGV: "SEGV", SIGPIPE: "PIPE",
            SIGTERM: "TERM",
        ][
            signal] ?? "\(signal)"
    }

    /// The wish that the process end, which may come before it has begun.
    private final class Ending: Sendable {
        private let state = Mutex<(process: pid_t?, requested: ContinuousClock.Instant?)>((nil, nil))

        func request() {
            state.withLock { state in
                guard state.requested == nil else { return }
                state.requested = ContinuousClock.now
                if let process = state.process { kill(-process, SIGTERM) }
            }
        }

        func began(_ process: pid_t) {
            state.withLock { state in
                state.process = process
                if state.requested != nil { kill(-process, SIGTERM) }
            }
        }

        /// Its number may be another process's from now on.
        func ended() { state.withLock { $0.process = nil } }

        func isOverdue(after grace: Duration) -> Bool {
            state.withLock { state in state.requested.map { $0.duration(to: ContinuousClock.now) > grace } ?? false }
        }
    }
}
