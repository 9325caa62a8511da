package import AtollInstances
import AtollFormula
package import AtollModel
package import OrderedCollections

/// A named building block that an action of a formula invokes.
package protocol Directive: Sendable {
    /// As formulas spell it.
    var name: String { get }

    /// Refuses parameters that are wrong whatever the variables are; asked before anything is made. Values may still be references.
    /// - Throws: `TaskError.directive`.
    func check(_ parameters: Value) throws

    /// Does it.
    /// - Parameter parameters: what the action says, variables put in: mostly a mapping.
    /// - Returns: what `export` receives; `.null` for nothing.
    /// - Throws: `TaskError.directive` for parameters that are missing or wrong (listing those found) and for what it failed at; whatever
    ///   the instance throws goes through as it is.
    func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value
}

/// What a directive is given beside its parameters.
package struct DirectiveCall: Sendable {
    package var session: RunSession
    /// The action, for messages.
    package var label: String
    /// Every variable there is now.
    package var variables: OrderedDictionary<String, Value>
    /// The same with what was typed, as `_orig_args`.
    package var processed: OrderedDictionary<String, Value>
    /// The formula's name without and with its namespace.
    package var checkname: String
    package var qualifiedCheckname: String
    /// Seconds the action may take; nil is for ever.
    package var timeout: Duration?

    package init(
        session: RunSession, label: String, variables: OrderedDictionary<String, Value>, checkname: String, qualifiedCheckname: String,
        timeout: Duration? = nil, processed: OrderedDictionary<String, Value>? = nil
    ) {
        self.session = session
        self.label = label
        self.variables = variables
        self.processed = processed ?? variables
        self.checkname = checkname
        self.qualifiedCheckname = qualifiedCheckname
        self.timeout = timeout
    }

    package var instance: any Instance { session.instance }
    package var log: RunLog { session.log }

    /// A command for the instance that works where the task lies, knows the run's variables and keeps to its limits.
    package func command(_ program: InstanceCommand.Program, environment: [String: String] = [:]) -> InstanceCommand {
        // What --override says of the directories holds here too.
        var places: [String: String] = [:]
        for (variable, name) in [("workdir", "WORKDIR"), ("artifactsdir", "ARTIFACTS"), ("artifactsdir", "TEST_ARTIFACTS")] {
            places[name] = variables[variable]?.text
        }
        return InstanceCommand(
            program, directory: session.taskDirectory,
            environment: session.environment.merging(places) { $1 }.merging(environment) { $1 }, forwarded: session.forwarded,
            timeout: timeout, silence: session.silence)
    }

    /// Paths of a formula are relative to where the task lies in the instance.
    package func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : session.taskDirectory + "/" + path }
}

/// The directives that a formula may use.
package struct DirectiveSet: Sendable {
    private let directives: [String: any Directive]
    /// Finds one that is not built in.
    private let external: @Sendable (String) -> (any Directive)?

    package init(_ directives: [any Directive], external: @escaping @Sendable (String) -> (any Directive)? = { _ in nil }) {
        self.directives = Dictionary(directives.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.external = external
    }

    package var names: [String] { directives.keys.sorted() }

    /// - Throws: `TaskError.directive` naming it and the known ones.
    package func find(_ name: String) throws -> any Directive {
        if let found = directives[name] ?? external(name) { return found }
        let near = Spelling.suggestion(for: name, among: names).map { "; did you mean \($0)?" } ?? "."
        let known = names.joined(separator: ", ")
        throw TaskError(
            .directive, "there is no directive \(name)\(near) Known are \(known), and any program atoll-directive-NAME in PATH")
    }
}
