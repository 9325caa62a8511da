import AtollCommands
import AtollInstances
package import AtollModel
import OrderedCollections

/// `shell`: command lines, one after the other, each by a shell of its own that stops at the first failure.
package struct ShellDirective: Directive {
    package let name: String

    package init(name: String = "shell") { self.name = name }

    package func check(_ parameters: Value) throws { _ = try commands(Self.withoutReferences(parameters)) }

    /// What `ignorereturn` refers to is known only later.
    private static func withoutReferences(_ value: Value) -> Value {
        func isReference(_ value: Value) -> Bool { value.text?.contains("$") ?? false }
        switch value {
        case .list(let elements): return .list(elements.map(withoutReferences))
        case .map(var members):
            let codes = members["ignorereturn"].map { $0.elements ?? [$0] } ?? []
            if codes.contains(where: isReference) { members["ignorereturn"] = nil }
            return .map(members)
        default: return value
        }
    }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let lines = try commands(parameters)
        let output = OutputTail()
        for line in lines {
            let own = OutputTail(limit: 0)
            let result = try await call.session.run(call.command(.script(line.text))) { _, bytes in
                output.append(bytes)
                own.append(bytes)
            }
            if result.succeeded { continue }
            let ending = result.signal.map { "was ended by signal \($0)" } ?? "ended with status \(result.code)"
            guard line.isIgnored(result.code) else {
                throw TaskError(.directive, "the command `\(line.title)` \(ending)\(own.ending)")
            }
            call.log.info("\(call.label): `\(line.title)` \(ending), which is ignored")
        }
        if output.isCut { call.log.debug("\(call.label): only the first 4 MiB of the output can be exported") }
        return .string(output.text)
    }

    private struct Line {
        var text: String
        /// nil for every status.
        var ignored: Set<Int>? = []

        var title: String {
            let first = text.split(separator: "\n").first.map(String.init) ?? text
            return first.count > 120 || first.count < text.count ? String(first.prefix(120)) + "…" : first
        }
        func isIgnored(_ code: Int32) -> Bool { ignored?.contains(Int(code)) ?? true }
    }

    private func commands(_ value: Value) throws -> [Line] {
        if let text = value.text { return [Line(text: text)] }
        if value.members != nil { return [try line(value)] }
        guard let elements = value.elements, !elements.isEmpty else {
            throw TaskError(
                .directive, "\(name) takes a command line or a list of them, not \(value.elements == nil ? value.kind : "an empty list")")
        }
        return try elements.map { try $0.text.map { Line(text: $0) } ?? line($0) }
    }

    /// `{command: ./test.sh, ignorereturn: [1, 2]}`; `ignorereturn: true` is every status.
    private func line(_ value: Value) throws -> Line {
        let parameters = try DirectiveParameters(
            value, of: name, DirectiveParameters.Names(required: ["command"], optional: ["ignorereturn"]))
        let text = try parameters.required("command")
        switch parameters.members["ignorereturn"] {
        case nil, .null, .bool(false): return Line(text: text)
        case .bool(true): return Line(text: text, ignored: nil)
        case let codes?:
            let numbers = (codes.elements ?? [codes]).map(\.integer)
            guard numbers.allSatisfy({ $0 != nil }) else {
                throw parameters.problem("takes exit statuses for ignorereturn: a number, a list of numbers, or true")
            }
            return Line(text: text, ignored: Set(numbers.compactMap { $0 }))
        }
    }
}
