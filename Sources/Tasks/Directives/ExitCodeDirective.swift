import AtollModel
import AtollResults
import OrderedCollections

/// `exitcode`: the run's exit code from results, 0 or 100; of several uses the worst is kept.
struct ExitCodeDirective: Directive {
    let name = "exitcode"
    private static let parameters = DirectiveParameters.Names(oneOf: ["result_worst", "result_last"])

    func check(_ parameters: Value) throws { _ = try DirectiveParameters(parameters, of: name, Self.parameters) }

    func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        // Which of them: a null beside the other was not given.
        let given = Self.parameters.oneOf.filter { parameters.members[$0] != nil }
        let key = given.first { parameters.members[$0] != .null } ?? given[0]
        let text = try TaskResults.text(parameters.members[key] ?? .null, key, parameters)
        let details: [CheckDetail]
        do throws(ResultsError) { details = try ResultYAML.parse(text, name: key) } catch {
            throw parameters.problem("failed: \(error.message)")
        }
        let code = key == "result_worst" ? ExitVerdict.code(worst: details) : ExitVerdict.code(last: details)
        call.session.exit(with: code)
        call.log.debug("\(call.label): exit code \(code)")
        return .null
    }
}
