package import AtollDirectives
import AtollModel
import AtollPlatform
package import Foundation
import Glibc

/// `run.json`: what a run was, what became of it, and all that is needed to run it again. The secrets of the settings are never in it;
/// what `--override` said is, as it was typed, and the file is its owner's alone then.
package struct RunRecord: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable { case running, finished }

    /// How long one stage took.
    package struct Stage: Sendable, Equatable, Codable {
        package var name: String
        package var seconds: Double

        package init(name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// What it was asked for: the same words run it again.
    package struct Request: Sendable, Equatable, Codable {
        /// `runtask` or `run`.
        package var verb: String
        /// The command line after the verb, whole.
        package var arguments: [String]
        /// Where it was typed.
        package var directory: String
        /// Variables that decided something beside the words.
        package var environment: [String: String]?

        package init(verb: String, arguments: [String], directory: String, environment: [String: String]? = nil) {
            self.verb = verb
            self.arguments = arguments
            self.directory = directory
            self.environment = environment
        }
    }

    package var run: String
    /// Runs that were started together share it.
    package var invocation: String
    /// The run this one repeats.
    package var repeats: String?
    package var state = State.running
    package var request: Request
    /// `size-check`, or the command line.
    package var title: String
    /// `local`, `ssh` or `libvirt`.
    package var mode: String
    /// `this machine`, `root@10.0.0.5:22`, or the image's name.
    package var target: String
    /// The image the VM stood on: a template with its version, or the path of a file.
    package var image: String?
    /// Its SHA-256, where that is known.
    package var imageDigest: String?
    package var item: String?
    package var type: String?
    package var arch: String?
    /// The formula file and its SHA-256.
    package var formula: String?
    package var formulaDigest: String?
    package var variables: [String: String] = [:]
    package var packages: [String] = []
    package var started: Date
    package var finished: Date?
    package var stages: [Stage] = []
    /// The worst outcome among its results; nil when there are none.
    package var outcome: String?
    package var exitCode: Int32?
    /// Why it ended as it did, when not simply well.
    package var note: String?
    package var warnings: [String] = []
    package var links: RunLinks?
    /// Until when its VM is left running; nil when it went with the run.
    package var keptUntil: Date?
    /// The command that reaches the kept VM.
    package var login: String?
    package var pid: Int32
    package var version: String
    /// This host: kernel, architecture, processors, accelerator.
    package var hostFacts: [String: String] = [:]

    package init(
        run: String, invocation: String, request: Request, title: String, mode: String, target: String, started: Date, pid: Int32,
        version: String
    ) {
        self.run = run
        self.invocation = invocation
        self.request = request
        self.title = title
        self.mode = mode
        self.target = target
        self.started = started
        self.pid = pid
        self.version = version
    }

    /// Whether its process is gone without having said what became of it.
    package var wasKilled: Bool { state == .running && kill(pid, 0) != 0 && errno == ESRCH }

    /// The check that was run, with its namespace; nil for a command.
    package var check: String? {
        variables["checkname"].map { name in variables["namespace"].map { "\($0).\(name)" } ?? name }
    }

    /// Whether its command line may hold what is not for everybody.
    private var isPrivate: Bool { request.verb == "runtask" && request.arguments.contains { $0.hasPrefix("--override") } }

    /// With parts of a second: the newest run is that which began last, also of two that began in the same one.
    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    package func save(to files: RunFiles) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Self.time))
        }
        try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: files.record, mode: isPrivate ? 0o600 : 0o644)
    }

    package static func read(_ files: RunFiles) throws -> RunRecord {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            // Records of earlier versions have whole seconds.
            return try (try? Date(text, strategy: Self.time)) ?? Date(text, strategy: .iso8601)
        }
        return try decoder.decode(RunRecord.self, from: Data(try AtomicFile.read(files.record, limit: 4 << 20)))
    }
}
