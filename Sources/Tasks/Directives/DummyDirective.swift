package import AtollModel
import OrderedCollections

/// `dummy`: fails when it is told to, and returns what it is given.
package struct DummyDirective: Directive {
    package let name = "dummy"
    private static let parameters = DirectiveParameters.Names(required: ["result"], optional: ["msg"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let message = parameters.members["msg"] ?? .null
        if try parameters.required("result").uppercased() == "FAIL" {
            throw parameters.problem("was told to fail" + (message.text.map { ": \($0)" } ?? ""))
        }
        return message
    }
}
