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
        func text(_ key: String) throws -> String? { try parameters.members[key].map { try TaskResults.text($0, key, parameters) } }
        let (worst, last) = (try text("result_worst"), try text("result_last"))
        do throws(ResultsError) {
            let code = try ExitVerdict.code(resultWorst: worst, resultLast: last)
            call.session.exit(with: code)
            call.log.debug("\(call.label): exit code \(code)")
        } catch { throw parameters.problem("failed: \(error.message)") }
        return .null
    }
}
