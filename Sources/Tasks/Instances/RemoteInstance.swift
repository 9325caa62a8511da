package import AtollCommands
package import AtollGuestAccess
import AtollSSH
import Synchronization

/// A machine reached through a `GuestChannel`: one that was there before, or the inside of a VM made for the run.
package final class RemoteInstance: Instance {
    package let name: String
    package let kind: InstanceKind
    package let ownDirectory: String
    package let loginCommand: String?
    let channel: any GuestChannel
    private let patience: Duration
    /// Makes ssh forget the key that the machine was known by.
    private let forgetCommand: String?
    private let liveness: Watch.Liveness?
    private let shim: Shim
    private let count = Mutex(0)
    private let isPrepared = Mutex(false)
    /// What was copied there, besides our own directory: it goes with the run.
    private let pushed = Mutex<Set<String>>([])
    private let lifeline: Lifeline?

    /// - Parameters:
    ///   - run: the run's id; names the directory of ours in the machine.
    ///   - patience: how long the machine may take to answer.
    ///   - liveness: looks whether the machine is still there; nil asks the machine itself.
    ///   - guarded: a second way into a machine that stays, which breaks when this process dies, so that the machine clears the run away
    ///     itself; nil for one that goes with the run.
    package init(
        name: String, kind: InstanceKind = .ssh, run: String, channel: any GuestChannel, patience: Duration, loginCommand: String? = nil,
        forgetCommand: String? = nil, liveness: (@Sendable () async -> String?)? = nil, guarded second: (any GuestChannel)? = nil,
        grace: Int = 30
    ) {
        self.name = name
        self.kind = kind
        self.channel = channel
        self.patience = patience
        self.loginCommand = loginCommand
        self.forgetCommand = forgetCommand
        self.liveness = liveness
        ownDirectory = "/var/tmp/atoll-\(run)"
        let shim = Shim(path: ownDirectory + "/shim")
        self.shim = shim
        lifeline = second.map { Lifeline($0, line: Shim.line(shim.guardWords(grace: grace))) }
    }

    package func start() async throws {
        // Made, not found: on a shared machine nobody may have put one there before us.
        let directory = ShellWord.quoted(ownDirectory)
        let line = "umask 077; mkdir -- \(directory) && cat > \(directory)/shim"
        let kept = KeptOutput(limit: 4096)
        let result: CommandResult
        do {
            result = try await channel.run(line, input: .bytes(Array(Shim.text.utf8)), timeout: patience) { kept.append($0, $1) }
        } catch let error as GuestAccessError where error.code != .cancelled {
            throw DisposableError(.unreachable, "\(error.message); \(remedy(error))")
        } catch {
            throw DisposableError(.cancelled, "\(name): interrupted")
        }
        guard result.succeeded else {
            let words = GuestText.tail(String(decoding: kept.bytes(.errors), as: UTF8.self), lines: 1)
            throw DisposableError(.unreachable, "\(name): \(ownDirectory) cannot be made: \(words)")
        }
        isPrepared.withLock { $0 = true }
        await lifeline?.begin()
    }

    /// Notes a directory of the machine that goes with the run.
    package func claim(_ directory: String) {
        if pushed.withLock({ $0.insert(directory).inserted }) { lifeline?.tell("also " + directory) }
    }

    private func remedy(_ error: GuestAccessError) -> String {
        let login = loginCommand ?? "ssh \(name)"
        guard (error.cause as? SSHError)?.code == .hostKeyMismatch, let forgetCommand else { return "try the same by hand: \(login)" }
        return "if that is meant to be so, forget the old key and log in by hand once: \(forgetCommand) && \(login)"
    }

    package func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let line = Shim.line(shim.words(command, number: number))
        let input: CommandInput = if case .script(let text) = command.program { .bytes(Array(text.utf8)) } else { command.input }
        let watch = Watch(timeout: command.timeout, silence: command.silence, liveness: liveness ?? answers)
        return try await explained {
            try await watch.run { [self] sign in
                do {
                    return try await channel.run(line, input: input, timeout: nil) { stream, bytes in
                        sign()
                        try output(stream, bytes)
                    }
                } catch {
                    // Ended for whatever reason: nothing of it may go on. The task is cancelled, so another one asks.
                    await end(number)
                    throw error
                }
            }
        }
    }

    private func end(_ number: Int) async {
        let line = Shim.line(shim.endWords(number: number))
        await Task.detached { [channel] in _ = try? await channel.run(line, input: .none, timeout: .seconds(12)) { _, _ in } }.value
    }

    /// Asked only when nobody else can say: every 30 s, and given 30 s.
    private var answers: Watch.Liveness {
        let began = ContinuousClock.now
        let asked = Mutex(began)
        return { [channel, name] in
            let now = ContinuousClock.now
            guard asked.withLock({ $0.duration(to: now) }) >= .seconds(30) else { return nil }
            asked.withLock { $0 = now }
            let sighting = await channel.probe(timeout: .seconds(30))
            return sighting.reached == .command ? nil : "\(name) does not answer any more: \(sighting.words)"
        }
    }

    package func consoleTail() async -> String { "" }

    /// For machines that are about to go: nothing of ours is cleaned up inside.
    func closeConnection() async { await channel.close() }

    /// - Throws: `.lost` when something of the run had to be left there.
    package func dispose() async throws {
        var problem: DisposableError?
        if isPrepared.withLock({ $0 }) {
            // From its text: the task may have removed the file.
            let line = Shim.line(Shim.clearWords(ownDirectory, others: pushed.withLock { $0.sorted() }))
            let kept = KeptOutput(limit: 4096)
            let removal = await Task.detached { [channel] in
                try? await channel.run(line, input: .bytes(Array(Shim.text.utf8)), timeout: .seconds(60)) { kept.append($0, $1) }
            }.value
            isPrepared.withLock { $0 = false }
            // What could not be removed is left to the guard.
            await lifeline?.end(isDone: removal?.succeeded == true)
            if let removal, !removal.succeeded {
                let words = GuestText.tail(String(decoding: kept.bytes(.errors), as: UTF8.self), lines: 1)
                problem = DisposableError(.lost, "\(name): \(ownDirectory) or what was copied there could not be removed: \(words)")
            }
        }
        await channel.close()
        if let problem { throw problem }
    }

    func explained<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as GuestAccessError {
            throw DisposableError(error, on: name)
        } catch is CancellationError {
            throw DisposableError(.cancelled, "\(name): interrupted")
        }
    }
}

extension DisposableError {
    init(_ error: GuestAccessError, on name: String) {
        let code: Code =
            switch error.code {
            case .unreachable, .hostKeyMismatch, .loginRefused: .lost
            case .notReady: .boot
            case .deadline: .timeout
            case .copy, .failed: .copy
            case .cancelled: .cancelled
            }
        self.init(code, error.message)
    }
}
