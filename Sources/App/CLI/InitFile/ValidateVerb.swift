import AtollEnvironments
import ArgumentParser
import AtollModel
import OrderedCollections

struct ValidateVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check an init file, without touching anything.",
        discussion: """
            Prints every error and warning as FILE:LINE:COL: text on standard error, in every output format. Exit 2 when there is an error.

            Examples:
              atoll validate init-examples/two-vms.yaml
              atoll -f json validate LagoInitFile
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Argument(help: "The init file (default: atoll.yaml, else LagoInitFile).", completion: .file()) var file: String?

    func execute(_ session: Session) async throws {
        let request = try InitRequests.make(session, file: file)
        let (environment, warnings): (Environment, [Diagnostic])
        do { (environment, warnings) = try await DryRun.check(session, request) } catch let invalid as InvalidInput
            where session.format == .json
        {
            session.show(["valid": false, "findings": .list(invalid.diagnostics.map(\.document))])
            throw invalid
        }
        for warning in warnings { session.console.err("\(warning)") }
        if session.format == .json {
            session.show([
                "valid": true, "vms": .list(environment.machines.keys.map(Value.string)),
                "nets": .list(environment.networks.keys.map(Value.string)), "findings": .list(warnings.map(\.document)),
            ])
        } else {
            session.console.out("\(request.file): valid, \(Addresses.count(environment))")
        }
    }
}

extension Diagnostic {
    /// `{"severity", "file", "line", "column", "path", "message"}`; line and column are null where there is no place.
    var document: Value {
        [
            "severity": .string(severity.rawValue), "file": .string(file), "line": position.map { .int($0.line) } ?? .null,
            "column": position.map { .int($0.column) } ?? .null, "path": .string("\(path)"), "message": .string(message),
        ]
    }
}
