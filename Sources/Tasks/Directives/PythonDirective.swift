import AtollCommands
import AtollInstances
import AtollGuestAccess
package import AtollModel
import Foundation
import OrderedCollections

/// `python`: calls a function of a file of the task's, in the machine's python3, with the other parameters as keyword arguments.
package struct PythonDirective: Directive {
    package let name = "python"
    private static let parameters = DirectiveParameters.Names(required: ["file", "callable"], isOpen: true)

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let (file, callable) = (try parameters.required("file"), try parameters.required("callable"))
        var arguments = parameters.members
        arguments["file"] = nil
        arguments["callable"] = nil
        let wanted: Value = ["file": .string(call.absolute(file)), "callable": .string(callable), "arguments": .map(arguments)]

        let place = call.instance.ownDirectory + "/python-" + UUID().uuidString.prefix(8).lowercased()
        let (question, answer) = (place + ".call", place + ".answer")
        try await call.instance.write(Array(PythonShim.literal(wanted).utf8), to: question)
        var command = call.command(.arguments(["python3", "-B", "-u", "-", question, answer]))
        command.input = .bytes(Array(PythonShim.text.utf8))
        let output = OutputTail(limit: 0)
        let result = try await call.session.run(command) { _, bytes in output.append(bytes) }
        return try result.code == 127 ? missing(call) : await read(answer, result, output, parameters, call)
    }

    private func missing(_ call: DirectiveCall) throws -> Value {
        throw TaskError(
            .directive, "python3 is not installed on \(call.instance.name); add python3 to environment.packages of the formula")
    }

    private func read(
        _ path: String, _ result: CommandResult, _ output: OutputTail, _ parameters: DirectiveParameters, _ call: DirectiveCall
    ) async throws -> Value {
        let bytes: [UInt8]
        do { bytes = try await call.instance.read(path) } catch let error as DisposableError where error.code == .copy {
            if result.succeeded { throw parameters.problem("gave an answer that cannot be taken: \(error.message)\(output.ending)") }
            // It did not come to the answer: killed, or it ended the process behind Python's back.
            let ending = result.signal.map { "was ended by signal \($0)" } ?? "ended with status \(result.code)"
            throw parameters.problem("got no answer: python3 \(ending)\(output.ending)")
        }
        let (kind, rest) = Self.split(String(decoding: bytes, as: UTF8.self))
        switch kind {
        case "text": return .string(String(rest))
        case "none": return .null
        default:
            let (problem, trace) = Self.split(rest)
            let lines = GuestText.tail(String(trace), lines: 12)
            throw parameters.problem("failed: \(GuestText.printable(String(problem)))" + (lines.isEmpty ? "" : "\n\(lines)"))
        }
    }

    /// The first line and what follows it. By bytes: a carriage return before the newline is the task's.
    private static func split(_ text: some StringProtocol) -> (Substring, Substring) {
        let text = String(text)
        let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
        return (text[..<end], text[end...].utf8.isEmpty ? "" : text[text.utf8.index(after: end)...])
    }
}
