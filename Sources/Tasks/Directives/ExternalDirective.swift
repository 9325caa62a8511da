import AtollDocuments
import AtollCommands
import AtollInstances
import AtollGuestAccess
package import AtollModel
import AtollPlatform
import Foundation
import Glibc
import OrderedCollections
import Synchronization

/// A directive that is a program of this host, `atoll-directive-NAME` in PATH. It reads one JSON object and writes one:
///
/// in: `name`, `parameters`, `variables` (with what was typed as `_orig_args`), `taskdir`, `workdir` and `artifactsdir` (of the task's
/// machine), `hostartifactsdir`, `checkname`, `login` (how to reach the machine, null for this one); out: `{"value": …}` or
/// `{"error": "sentence"}`. What it writes on its errors goes to the log.
package struct ExternalDirective: Directive {
    package static let prefix = "atoll-directive-"

    package let name: String
    package let program: String
    package let environment: [String: String]

    /// Only absolute directories of PATH count: what is run must not depend on where a run is started.
    package static func find(_ name: String, environment: [String: String]) -> ExternalDirective? {
        let allowed = name.utf8.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_")
        }
        guard allowed, !name.isEmpty, name.utf8.count <= 64 else { return nil }
        for directory in (environment["PATH"] ?? "").split(separator: ":") where directory.hasPrefix("/") {
            let path = directory + "/" + prefix + name
            guard let status = SystemCall.status(String(path)), status.st_mode & S_IFMT == S_IFREG, access(String(path), X_OK) == 0 else {
                continue
            }
            return ExternalDirective(name: name, program: String(path), environment: environment)
        }
        return nil
    }

    /// What it takes only the program knows.
    package func check(_ parameters: Value) {}

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let question: Value = [
            "name": .string(name), "parameters": parameters, "variables": .map(call.processed),
            "taskdir": .string(call.session.taskDirectory),
            "workdir": call.variables["workdir"] ?? .string(call.session.workDirectory),
            "artifactsdir": call.variables["artifactsdir"] ?? .string(call.session.artifactsDirectory),
            "hostartifactsdir": .string(call.session.files.path), "checkname": .string(call.qualifiedCheckname),
            "login": call.instance.loginCommand.map(Value.string) ?? .null,
        ]
        // Run as commands of local tasks are: it ends with all it started, and the limits hold.
        let place = LocalInstance(
            directory: call.session.files.own + "/." + Self.prefix + UUID().uuidString.prefix(8).lowercased(), environment: environment)
        try await place.start()
        let output = OutputTail(limit: 16 << 20)
        let lines = LogLines { [log = call.log, name] in log.info("\(name): \($0)") }
        let command = InstanceCommand(
            .arguments([program]), directory: call.instance.kind == .local ? call.session.taskDirectory : nil,
            input: .bytes(Array((ValueJSON.render(question, indent: 0) + "\n").utf8)), timeout: call.timeout, silence: call.session.silence)
        let result = await Result {
            try await place.run(command) { stream, bytes in
                if stream == .output { output.append(bytes) } else { lines.append(bytes) }
            }
        }
        lines.finish()
        try await place.dispose()
        return try answer(output, try result.get())
    }

    private func answer(_ output: OutputTail, _ result: CommandResult) throws -> Value {
        let parsed: Value? = try? ValueJSON.parse(output.text, file: program)
        if let words = parsed?["error"]?.text { throw TaskError(.directive, "\(name) failed: \(GuestText.printable(words))") }
        guard result.succeeded else {
            let ending = result.signal.map { "was ended by signal \($0)" } ?? "ended with status \(result.code)"
            throw TaskError(.directive, "\(program) \(ending); what it said is in the log")
        }
        guard let members = parsed?.members, let value = members["value"] else {
            throw TaskError(
                .directive, "\(program) wrote no answer of the form {\"value\": …} or {\"error\": \"…\"} on its output\(output.ending)")
        }
        return value
    }
}

extension Result where Failure == any Error {
    /// Catches what an asynchronous body throws.
    package init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// Bytes of a program as they come, handed on as printable lines.
package final class LogLines: Sendable {
    private let line: @Sendable (String) -> Void
    private let rest = Mutex<[UInt8]>([])

    package init(_ line: @escaping @Sendable (String) -> Void) { self.line = line }

    package func append(_ bytes: [UInt8]) {
        let whole = rest.withLock { rest -> [ArraySlice<UInt8>] in
            rest += bytes
            // A line without end is cut rather than kept for ever.
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) ?? (rest.count > 1 << 16 ? rest.count - 1 : nil) else { return [] }
            let lines = rest[...end].split(separator: UInt8(ascii: "\n"))
            rest = Array(rest[(end + 1)...])
            return lines
        }
        for bytes in whole { show(bytes) }
    }

    package func finish() {
        let last = rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
        show(last[...])
    }

    private func show(_ bytes: ArraySlice<UInt8>) {
        let text = GuestText.printable(String(decoding: bytes, as: UTF8.self)).split(separator: "\n").joined(separator: " ")
        if !text.allSatisfy(\.isWhitespace) { line(text) }
    }
}
