package import AtollCommands
package import AtollArchive
import AtollGuestAccess
package import Foundation

/// One place a task runs in. Local, over ssh and in a VM made for the run are its kinds; whatever runs tasks knows only this.
///
/// Paths in an instance are absolute. After `start` and until `dispose` every call may be made, several at once; `dispose` may be called
/// whenever and as often as one likes, also when `start` failed.
package protocol Instance: Sendable {
    /// For messages: `this machine`, `root@10.0.0.5`, `taskotron-20260101-120000-123456`.
    var name: String { get }
    var kind: InstanceKind { get }

    /// Brings it up, until a command ran in it.
    /// - Throws: `DisposableError`: `.image`, `.boot`, `.unreachable`.
    func start() async throws

    /// Runs a command, hands its output on as it comes, and returns how it ended, whatever its status. Cancelling the task ends the
    /// command and everything it started: TERM, then KILL.
    /// - Throws: `DisposableError`: `.silence` and `.timeout` (the command was ended), `.lost`, `.cancelled`.
    func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult

    /// Copies the contents of a local directory into a directory of the instance, which is made and emptied first; modes and links are
    /// kept. What cannot be copied (sockets, devices) is listed.
    /// - Throws: `DisposableError` `.copy`, also at once where there is no room for so much.
    @discardableResult
    func push(_ source: CopySource, to directory: String) async throws -> [String]

    /// Copies the contents of a directory of the instance into a local one. Nothing leaves the local directory, whatever the instance
    /// says; what was refused is in the report.
    func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport

    /// Notes a directory of the instance, made for the run, that is to go when the instance is disposed of. Where everything goes anyway,
    /// and on this machine itself, that means nothing.
    func claim(_ directory: String)

    /// A directory of the instance that only the task's user can look into, for the runner's own files; it goes when the run ends.
    var ownDirectory: String { get }

    /// The end of its console; empty where there is none.
    func consoleTail() async -> String

    /// How a person reaches it, as a command line; nil when there is nothing to reach.
    var loginCommand: String? { get }

    /// The image it stands on; nil for a machine that was there before.
    var image: InstanceImage? { get }

    /// Takes it away with everything that was made for it. What was never made or is gone already is no error.
    func dispose() async throws
}

/// What a VM's disk is layered on.
package struct InstanceImage: Sendable, Equatable {
    /// A template's name, or the path of a file.
    package var name: String
    /// SHA-256 of its content, where that is known: of templates, once the VM was made.
    package var digest: String?

    package init(name: String, digest: String? = nil) {
        self.name = name
        self.digest = digest
    }
}

package enum InstanceKind: String, Sendable, CaseIterable {
    /// This machine itself.
    case local
    /// A machine that was there before and stays.
    case ssh
    /// A VM made for the run.
    case libvirt
}

/// A command for an instance.
package struct InstanceCommand: Sendable {
    /// What is run.
    package enum Program: Sendable, Equatable {
        /// An argument vector; no shell looks at it.
        case arguments([String])
        /// Shell text: `bash -e -o pipefail` where there is a bash, else `sh -e`.
        case script(String)
    }

    package var program: Program
    /// Where it runs; nil is the login directory.
    package var directory: String?
    /// Variables beside those it finds there.
    package var environment: [String: String]
    /// The runner's own arguments (`--uuid U --item I …`): the shim shows them to the command as variables.
    package var forwarded: [String]
    package var input: CommandInput
    /// How long it may take in all; nil is for ever.
    package var timeout: Duration?
    /// How long it may be silent; nil is for ever.
    package var silence: Duration?

    package init(
        _ program: Program, directory: String? = nil, environment: [String: String] = [:], forwarded: [String] = [],
        input: CommandInput = .none, timeout: Duration? = nil, silence: Duration? = nil
    ) {
        self.program = program
        self.directory = directory
        self.environment = environment
        self.forwarded = forwarded
        self.input = input
        self.timeout = timeout
        self.silence = silence
    }
}

extension Instance {
    package var image: InstanceImage? { nil }
    package func claim(_ directory: String) {}

    /// Runs a command and returns what it wrote, each stream up to `limit` bytes (the rest is read and dropped).
    package func capture(
        _ command: InstanceCommand, limit: Int = 8 << 20
    ) async throws -> (result: CommandResult, output: [UInt8], errors: String) {
        let kept = KeptOutput(limit: limit)
        let result = try await run(command) { stream, bytes in kept.append(stream, bytes) }
        return (result, kept.bytes(.output), String(decoding: kept.bytes(.errors), as: UTF8.self))
    }

    /// Reads one file whole, up to `limit` bytes.
    /// - Throws: `.copy` when it cannot be read or is larger.
    package func read(_ path: String, limit: Int = 16 << 20) async throws -> [UInt8] {
        let (result, output, errors) = try await capture(InstanceCommand(.arguments(["cat", "--", path])), limit: limit + 1)
        guard result.succeeded else {
            throw DisposableError(.copy, "\(path) cannot be read on \(name): \(GuestText.tail(errors, lines: 1))")
        }
        guard output.count <= limit else { throw DisposableError(.copy, "\(path) on \(name) is larger than \(limit) bytes") }
        return output
    }

    /// Writes one file of the instance; in `ownDirectory` nobody else can read it.
    package func write(_ bytes: [UInt8], to path: String) async throws {
        let command = InstanceCommand(.arguments(["dd", "of=" + path]), input: .bytes(bytes))
        let (result, _, errors) = try await capture(command, limit: 1 << 16)
        guard result.succeeded else {
            throw DisposableError(.copy, "\(path) cannot be written on \(name): \(GuestText.tail(errors, lines: 1))")
        }
    }
}

/// One that may outlive its run.
package protocol KeepableInstance: Instance {
    /// Leaves it running until `expires`; `atoll gc` removes it then.
    func keep(until expires: Date, because reason: String) async throws
}
