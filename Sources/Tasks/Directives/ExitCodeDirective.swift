package import AtollModel
import AtollResults
import OrderedCollections

/// `exitcode`: the run's exit code from results, 0 or 100; of several uses the worst is kept.
package struct ExitCodeDirective: Directive {
    package let name = "exitcode"
    private static let parameters = DirectiveParameters.Names(oneOf: ["result_worst", "result_last"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let (key, value) = parameters.given(Self.parameters.oneOf)
        let text = try TaskResults.text(value, key, parameters)
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
