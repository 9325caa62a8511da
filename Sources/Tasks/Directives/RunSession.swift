package import AtollCommands
package import AtollArchive
package import AtollInstances
import AtollModel
import AtollPlatform
package import AtollResults
import Glibc
import Synchronization
import OrderedCollections

/// One run while it goes on: its instance, its places, its log, and what it has brought so far.
package final class RunSession: Sendable {
    package let instance: any Instance
    package let files: RunFiles
    package let log: RunLog
    /// Where the task lies in the instance.
    package let taskDirectory: String
    /// Where the task puts what is to be kept, in the instance.
    package let artifactsDirectory: String
    /// For the task's own use, in the instance.
    package let workDirectory: String
    /// How long it may write nothing.
    package let silence: Duration?
    /// The runner's own arguments, as the shim shows them.
    package let forwarded: [String]
    /// Variables every command finds.
    package let environment: [String: String]
    /// Whether its machine is this host after all, so that its artifacts directory is the run's own.
    private let sharesArtifacts: Bool
    private let output: OutputSink
    private let limits: TarLimits
    private let state = Mutex(State())

    private struct State {
        var results: [CheckDetail] = []
        var hasReported = false
        /// Whether something was handed to a ResultsDB, taken or not.
        var hasPosted = false
        var exitCodes: [Int32] = []
        var packages: [String] = []
    }

    package init(
        instance: any Instance, files: RunFiles, log: RunLog, taskDirectory: String, artifactsDirectory: String, workDirectory: String,
        silence: Duration?, forwarded: [String], environment: [String: String], output: OutputSink, limits: TarLimits,
        sharesArtifacts: Bool = false
    ) {
        self.instance = instance
        self.files = files
        self.log = log
        self.taskDirectory = taskDirectory
        self.artifactsDirectory = artifactsDirectory
        self.workDirectory = workDirectory
        self.silence = silence
        self.forwarded = forwarded
        self.environment = environment
        self.output = output
        self.limits = limits
        self.sharesArtifacts = sharesArtifacts
    }

    /// Runs a command; what it writes goes to the console and into the run's output log as it comes, and to `also`.
    package func run(_ command: InstanceCommand, also: (@Sendable (CommandStream, [UInt8]) -> Void)? = nil) async throws -> CommandResult {
        // Masked before it is cut: half a secret is not found.
        log.debug("running \(log.redacted(command.words).prefix(2000))")
        defer { output.flush() }
        let result = try await instance.run(command) { [output] stream, bytes in
            output.write(stream, bytes)
            also?(stream, bytes)
        }
        log.debug("ended with status \(result.code)\(result.signal.map { " (signal \($0))" } ?? "")")
        return result
    }

    /// Brings what the task left so far to where it is kept on this host. What was refused is warned about.
    @discardableResult
    package func fetchArtifacts() async throws -> TarReport {
        var limits = limits
        // What we write about the run lies there too; no guest may put its own in that place.
        limits.reserved.insert("taskotron")
        let report = try await instance.pull(contentsOf: artifactsDirectory, to: files.path, limits: limits)
        // The results that a task may write there are read from where they are, and what is ours was never away.
        let refused = report.refused.filter { $0.why != TarReport.reserved || !isExpected($0.name) }
        for refused in refused.prefix(20) { warn("artifact \(refused.name) was left behind: \(refused.why)") }
        let more = report.refusedCount - (report.refused.count - refused.count) - refused.prefix(20).count
        if more > 0 { warn("and \(more) more artifacts") }
        return report
    }

    private func isExpected(_ name: String) -> Bool { sharesArtifacts || name.hasSuffix("taskotron/results.yml") }

    /// Results that a directive made or the task wrote; those of `isFinal` (reported ones) replace what is there.
    package func take(_ details: [CheckDetail], isFinal: Bool = false) {
        let details = details.map(redacted)
        state.withLock { state in
            if isFinal, !details.isEmpty { state.hasPosted = true }
            if isFinal, !state.hasReported {
                state.results = []
                state.hasReported = true
            } else if state.hasReported, !isFinal {
                return
            }
            for detail in details {
                if let place = state.results.firstIndex(where: { $0.item == detail.item && $0.checkname == detail.checkname }) {
                    state.results[place] = detail
                } else {
                    state.results.append(detail)
                }
            }
        }
    }

    package var results: [CheckDetail] { state.withLock { $0.results } }

    /// A result as others may read it: what a task says in it may have a secret of ours.
    package func redacted(_ detail: CheckDetail) -> CheckDetail {
        var detail = detail
        detail.note = log.redacted(detail.note)
        detail.output = detail.output.map(log.redacted)
        for (key, value) in detail.keyvals { if let text = value.text { detail.keyvals[key] = masked(text, value) } }
        return detail
    }

    private func masked(_ text: String, _ value: Value) -> Value {
        let masked = log.redacted(text)
        return masked == text ? value : .string(masked)
    }

    /// Whether whoever waits at ResultsDB heard of this run, or would have.
    package var hasPosted: Bool { state.withLock { $0.hasPosted } }

    /// Sets an exit code; the worst of all is the run's.
    package func exit(with code: Int32) { state.withLock { $0.exitCodes.append(code) } }
    package var exitCode: Int32? { state.withLock { $0.exitCodes.max() } }

    package func warn(_ text: String) { log.warning(text) }

    package func installed(_ packages: [String]) { state.withLock { $0.packages += packages } }
    package var packages: [String] { state.withLock { $0.packages } }
}

extension InstanceCommand {
    /// For logs.
    package var words: String {
        switch program {
        case .arguments(let words): ShellWord.joined(words)
        case .script(let text): "script: \(text)"
        }
    }
}

/// Where a task's own output goes: to the console, and into a file up to a limit; as it is, but for secrets of ours that it shows.
package final class OutputSink: Sendable {
    private let console: @Sendable (CommandStream, [UInt8]) -> Void
    private let limit: Int
    private let state: Mutex<State>

    private struct State {
        var file: Int32
        var written = 0
        var isCut = false
        var output: StreamRedactor
        var errors: StreamRedactor
    }

    /// - Parameters:
    ///   - limit: bytes of the file; the rest goes to the console alone.
    ///   - secrets: what is masked.
    package init(path: String, limit: Int = 64 << 20, secrets: [String] = [], console: @escaping @Sendable (CommandStream, [UInt8]) -> Void)
        throws
    {
        self.console = console
        self.limit = limit
        let file = try SystemCall.check("open \(path)") { open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
        state = Mutex(State(file: file, output: StreamRedactor(secrets), errors: StreamRedactor(secrets)))
    }

    deinit { close() }

    package func write(_ stream: CommandStream, _ bytes: [UInt8]) {
        put(stream, state.withLock { stream == .output ? $0.output.take(bytes) : $0.errors.take(bytes) })
    }

    /// Lets out what was held back as the possible beginning of a secret: the command has ended.
    package func flush() {
        let (output, errors) = state.withLock { ($0.output.finish(), $0.errors.finish()) }
        put(.output, output)
        put(.errors, errors)
    }

    private func put(_ stream: CommandStream, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        console(stream, bytes)
        state.withLock { state in
            guard !state.isCut, state.file >= 0 else { return }
            let part = bytes.prefix(limit - state.written)
            state.written += part.count
            _ = part.withUnsafeBytes { Glibc.write(state.file, $0.baseAddress, $0.count) }
            if state.written >= limit {
                state.isCut = true
                let words = Array("\n[atoll: the rest of the output is not kept; the limit is \(limit >> 20) MiB]\n".utf8)
                _ = Glibc.write(state.file, words, words.count)
            }
        }
    }

    package func close() {
        state.withLock { state in
            if state.file >= 0 { Glibc.close(state.file) }
            state.file = -1
        }
    }
}

/// Which of the task's two streams.
package enum CommandStreamLabel: Sendable, Equatable { case output, errors }
