import AtollCommands
import AtollInstances
package import AtollModel
import OrderedCollections

/// `createrepo`: makes a directory of RPMs a repository, with the machine's createrepo_c.
package struct CreateRepoDirective: Directive {
    package let name = "createrepo"
    private static let parameters = DirectiveParameters.Names(required: ["repodir"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        return .string(try await Self.make(call.absolute(try parameters.required("repodir")), options: [], in: call))
    }

    /// - Returns: what createrepo_c wrote on its output.
    package static func make(_ directory: String, options: [String], in call: DirectiveCall) async throws -> String {
        let (output, errors) = (OutputTail(), OutputTail(limit: 1 << 16))
        let command = call.command(.arguments(["createrepo_c"] + options + [directory]))
        let result = try await call.session.run(command) { stream, bytes in (stream == .output ? output : errors).append(bytes) }
        if result.code == 127 {
            throw TaskError(
                .directive,
                "createrepo_c is not installed on \(call.instance.name); add createrepo_c to environment.rpm, createrepo-c to environment.deb"
            )
        }
        guard result.succeeded else {
            throw TaskError(.directive, "createrepo_c \(directory) ended with status \(result.code)\(errors.ending)")
        }
        return output.text
    }
}

/// `mash`, of old formulas: the packages of some architectures as a repository.
package struct MashDirective: Directive {
    package let name = "mash"
    private static let parameters = DirectiveParameters.Names(required: ["rpmdir"], optional: ["arch", "dodelta", "outdir"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let source = call.absolute(try parameters.required("rpmdir"))
        let target = call.absolute(try parameters.text("outdir") ?? source)
        if target != source {
            var arches = try parameters.texts("arch")
            if arches.isEmpty { throw parameters.problem("needs arch where outdir is not rpmdir") }
            if !arches.contains("noarch") { arches.append("noarch") }
            var lines = ["mkdir -p -- \(ShellWord.quoted(target))", "cd -- \(ShellWord.quoted(source))"]
            for arch in arches {
                lines.append(
                    "for f in *.\(ShellWord.quoted(arch)).rpm; do [ ! -e \"$f\" ] || cp -f -- \"$f\" \(ShellWord.quoted(target)); done")
            }
            let errors = OutputTail(limit: 1 << 16)
            let result = try await call.session.run(call.command(.script(lines.joined(separator: "\n")))) { _, bytes in errors.append(bytes)
            }
            guard result.succeeded else { throw parameters.problem("cannot copy the packages\(errors.ending)") }
        }
        _ = try await CreateRepoDirective.make(target, options: try parameters.flag("dodelta") ? ["--deltas"] : [], in: call)
        return .string(target)
    }
}
