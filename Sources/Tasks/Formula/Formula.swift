package import AtollModel

/// Task formulas: parsing YAML into a checked `Formula`, substituting variables, and resolving its environment.
///
/// Pure: reads no files except the formula, and has no guests, directives or clock. The module Tasks runs formulas.
/// The command line of a run is `RunArguments`; variable substitution is `Substitution`; the
/// target system is `DevisedEnvironment` and `Hardware`.
///
/// Start with `Formula.load`.
package struct Formula: Sendable, Equatable {
    /// Namespace of results if the formula names none; every user may post there.
    package static let defaultNamespace = "scratch"

    /// Name of the task and its check; results are reported under `qualifiedName`.
    package var name: String
    /// Description of the task.
    package var desc: String?
    /// Contact for the task.
    package var maintainer: String?
    package var namespace: String
    /// Variables that must have a value before the run starts (`input.args`).
    package var inputArguments: [String]
    /// Requirements on the system.
    package var environment: EnvironmentWish
    /// Actions, at least one.
    package var actions: [Action]
    /// Positions of all values in the file.
    package var sources: SourceMap
    /// Warnings, in file order.
    package var warnings: [Diagnostic]

    /// `NAMESPACE.NAME`.
    package var qualifiedName: String { "\(namespace).\(name)" }
    /// File name as given by the user.
    package var file: String { sources.file }
}

extension Formula {
    /// One action of a formula: a directive and its parameters.
    package struct Action: Sendable, Equatable {
        /// Index in the formula, from 0.
        package var index: Int
        /// Label for logs.
        package var name: String?
        /// Variable that receives the result of the directive.
        package var export: String?
        /// Name of the directive.
        package var directive: String
        /// Parameters as written: usually a mapping; for `shell`, a text or a list.
        package var parameters: Value
        /// Timeout in seconds.
        package var timeout: Int?
        /// Position of the action in the file.
        package var position: SourcePosition?

        /// Label in logs and errors: `action 2 (fetch the build)`, with the directive's name if there is no label.
        package var label: String { "action \(index + 1) (\(name ?? directive))" }
        /// `actions[1]`.
        package var path: FieldPath { FieldPath.keys("actions").appending(index) }
    }
}
