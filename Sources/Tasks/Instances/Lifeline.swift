import AtollCommands
import AtollGuestAccess
import Glibc
import Synchronization

/// Keeps a command running on a machine whose input ends when this process dies, however it dies: the kernel closes the connection, and
/// the machine's sshd the command's input. What that command does then is the shim's `--guard`.
///
/// A connection that breaks is made anew, and the new command takes over. One that cannot be made is no reason to fail a run.
final class Lifeline: Sendable {
    private let channel: any GuestChannel
    private let line: String
    private let state = Mutex(State())

    private struct State {
        var words: [String] = []
        /// Where the command reads from; nil while there is none.
        var writing: Int32?
        var isReady = false
        var isOver = false
        var keeping: Task<Void, Never>?
    }

    init(_ channel: any GuestChannel, line: String) {
        self.channel = channel
        self.line = line
    }

    /// Starts it, and waits a while for it to be there.
    func begin(patience: Duration = .seconds(10)) async {
        state.withLock { state in
            state.keeping = Task.detached { await self.keep() }
        }
        let end = ContinuousClock.now + patience
        while !state.withLock({ $0.isReady }), ContinuousClock.now < end {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    /// Tells it a line, now and whenever it is started anew.
    func tell(_ word: String) {
        guard !word.contains("\n") else { return }
        state.withLock { state in
            state.words.append(word)
            if let writing = state.writing { Self.write(word, to: writing) }
        }
    }

    /// Ends it. - Parameter isDone: nothing is left for it to do; otherwise it does what it would if this process had died.
    func end(isDone: Bool) async {
        let keeping = state.withLock { state in
            state.isOver = true
            // Between two attempts there is nothing to wait for.
            if state.writing == nil { state.keeping?.cancel() }
            if let writing = state.writing {
                if isDone { Self.write("done", to: writing) }
                close(writing)
                state.writing = nil
            }
            defer { state.keeping = nil }
            return state.keeping
        }
        guard let keeping else { return }
        // It ends by itself at once when it is done; else it would stay for its grace, and needs us no more than if we had died.
        let limit = Task.detached {
            try await Task.sleep(for: isDone ? .seconds(5) : .milliseconds(500))
            keeping.cancel()
        }
        await keeping.value
        limit.cancel()
        await channel.close()
    }

    private func keep() async {
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            guard let pipe = try? Pipe() else { return }
            let goesOn = state.withLock { state in
                guard !state.isOver else { return false }
                state.writing = pipe.writing
                for word in state.words { Self.write(word, to: pipe.writing) }
                return true
            }
            guard goesOn else {
                close(pipe.writing)
                close(pipe.reading)
                return
            }
            let began = ContinuousClock.now
            _ = try? await channel.run(line, input: .descriptor(pipe.reading), timeout: nil) { [self] _, _ in
                state.withLock { $0.isReady = true }
            }
            let isOver = state.withLock { state in
                if let writing = state.writing { close(writing) }
                state.writing = nil
                return state.isOver
            }
            close(pipe.reading)
            if isOver { return }
            if ContinuousClock.now - began > .seconds(60) { pause = .seconds(1) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }

    /// So few bytes that a pipe takes them at once; nobody is waited for.
    private static func write(_ word: String, to descriptor: Int32) {
        let bytes = Array((word + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
