package import AtollCommands
package import AtollArchive
import AtollPlatform
import Glibc
import Synchronization

/// This machine itself: no isolation, nothing copied where a task finds its files already.
package final class LocalInstance: Instance {
    package let name = "this machine"
    package let kind = InstanceKind.local
    package let ownDirectory: String
    package let loginCommand: String? = nil
    private let environment: [String: String]
    private let shim: Shim
    private let count = Mutex(0)
    /// Held while this process lives: whoever finds it free may clear the rest away.
    private let lock = Mutex<FileLock?>(nil)

    /// - Parameters:
    ///   - directory: a directory of this run that does not exist yet or is ours; it is removed with the instance.
    ///   - environment: variables the commands find.
    package init(directory: String, environment: [String: String]) {
        ownDirectory = directory
        self.environment = environment
        shim = Shim(path: directory + "/shim")
    }

    package func start() async throws {
        let held = try await Blocking.run { [ownDirectory, shim] in
            try Directories.make(ownDirectory, mode: 0o700)
            let held = try FileLock.attempt(ownDirectory + "/" + LocalSweep.lockName, note: "pid \(getpid())")
            try AtomicFile.write(Shim.text, to: shim.path, mode: 0o600)
            return held
        }
        lock.withLock { $0 = held }
    }

    package func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let process = LocalProcess(arguments: shim.words(command, number: number), environment: environment)
        let input: CommandInput = if case .script(let text) = command.program { .bytes(Array(text.utf8)) } else { command.input }
        do {
            return try await Watch(timeout: command.timeout, silence: command.silence).run { sign in
                try await process.run(input: input) { stream, bytes in
                    sign()
                    try output(stream, bytes)
                }
            }
        } catch is CancellationError {
            throw DisposableError(.cancelled, "interrupted")
        }
    }

    @discardableResult
    package func push(_ source: CopySource, to directory: String) async throws -> [String] {
        try await Blocking.run {
            try TarCopy.copy(source.path, to: directory, excluding: source.excluding, limits: .unlimited).refused.map(\.description)
        }
    }

    package func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport {
        guard Directories.real(directory) != Directories.real(local) else { return TarReport() }
        return try await Blocking.run { try TarCopy.copy(directory, to: local, limits: limits) }
    }

    package func consoleTail() async -> String { "" }

    package func dispose() async throws {
        try await Blocking.run { [ownDirectory] in
            Mounts.detach(below: ownDirectory)
            try Directories.removeTree(ownDirectory)
        }
        lock.withLock { lock in
            lock?.release()
            lock = nil
        }
    }
}
