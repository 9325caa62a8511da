package import AtollCommands
/// A way into one running guest: commands, files, a terminal.
package protocol GuestChannel: Sendable {
    /// The guest's name, for messages.
    var name: String { get }

    /// Tries once, within `timeout`, to get a command run in the guest. Never throws: not getting through is an answer too.
    func probe(timeout: Duration) async -> Sighting

    /// Runs `command` by the login user's shell, hands its output on as it comes and returns how it ended, whatever its status.
    /// - Throws: `GuestAccessError`; `.deadline` when `timeout` (nil for none) passed.
    func run(
        _ command: String, input: CommandInput, timeout: Duration?, output: @escaping CommandOutput
    ) async throws -> CommandResult

    /// Runs `command` on the caller's own streams, at a terminal when there is one, and returns the exit code for ours.
    func attach(_ command: RemoteCommand, streams: StandardStreams) async throws -> Int32

    /// Copies a local file or directory tree into the guest; into `remote` when that is a directory there.
    func push(_ local: String, to remote: String) async throws

    /// Copies a file or directory tree out of the guest; into `local` when that is a directory here.
    func pull(_ remote: String, to local: String) async throws

    /// Ends the connection. The channel can be used again and connects anew.
    func close() async
}

extension GuestChannel {
    /// Runs `command` without input and returns what it wrote, each stream up to 8 MiB.
    package func capture(_ command: String, timeout: Duration? = nil) async throws -> (
        result: CommandResult, output: String, errors: String
    ) {
        let kept = CapturedOutput(limit: 8 << 20)
        let result = try await run(command, input: .none, timeout: timeout) { stream, bytes in kept.append(stream, bytes) }
        return (result, kept.text(.output), kept.text(.errors))
    }
}

/// How far one attempt to reach a guest got.
package struct Sighting: Sendable, Equatable {
    /// The steps on the way, in order.
    package enum Stage: Int, Sendable, Comparable {
        /// Nobody answers at the address.
        case nothing
        /// The guest's network is up; the port is closed.
        case host
        /// The port answers.
        case port
        /// A login was possible.
        case login
        /// A command ran.
        case command

        package static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
    }

    package var reached: Stage
    /// In words, for reports: "connection refused".
    package var words: String
    /// Trying again cannot help (another machine has the address).
    package var isHopeless: Bool
    /// Its ssh server works, and does not let us in.
    package var isRefused: Bool

    package init(reached: Stage, words: String, isHopeless: Bool = false, isRefused: Bool = false) {
        self.reached = reached
        self.words = words
        self.isHopeless = isHopeless
        self.isRefused = isRefused
    }
}
