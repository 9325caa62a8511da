import AtollInstances
package import AtollModel
import AtollResults
import OrderedCollections

/// `xunit`: a JUnit report of a test tool as results.
package struct XUnitDirective: Directive {
    package let name = "xunit"
    private static let parameters = DirectiveParameters.Names(required: ["file"], optional: ["item", "type", "checkname", "aggregation"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let file = call.absolute(try parameters.required("file"))
        func subject(_ key: String) throws -> String {
            if let text = try parameters.text(key) ?? call.variables[key]?.text, !text.isEmpty { return text }
            throw parameters.problem("needs \(key), for the run has none; give it, or run with --item and --type")
        }
        let (item, type) = (try subject("item"), try subject("type"))
        let checkname = try parameters.text("checkname") ?? call.checkname
        let report: [UInt8]
        do { report = try await call.instance.read(file, limit: 32 << 20) } catch let error as DisposableError where error.code == .copy {
            throw parameters.problem("has no report to read: \(error.message)", .noResults)
        }
        let artifact = TaskResults(call: call).relativeArtifact(file)
        if artifact.hasPrefix("/") {
            call.log.warning("\(call.label): \(file) is not among the artifacts and will not be kept; write it to ${artifactsdir}")
        }
        do throws(ResultsError) {
            let aggregation = try XUnitImport.Aggregation(parsing: try text(parameters.members["aggregation"]))
            let details = try XUnitImport.results(
                String(decoding: report, as: UTF8.self), item: item, type: type, checkname: checkname, artifact: artifact,
                aggregation: aggregation)
            return .string(try ResultYAML.text(details))
        } catch { throw parameters.problem("failed: \(error.message)") }
    }

    private func text(_ value: Value?) throws(ResultsError) -> String {
        guard let value, value != .null else { return XUnitImport.Aggregation.allpass.rawValue }
        return value.text ?? value.kind
    }
}
