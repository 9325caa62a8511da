package import AtollModel

/// Task formulas: YAML text to a checked `Formula`, variables put into its actions, and the environment it wants.
///
/// Everything here is pure: no files but the formula's own text, no guests, no directives, no clock. Running a formula is the room
/// Tasks. What the user said on the command line is `RunArguments`; what an action becomes before it runs is `Substitution`; where it
/// should run is `DevisedEnvironment` and `Hardware`.
///
/// Start with `Formula.load`.
package struct Formula: Sendable, Equatable {
    /// The namespace of results whose formula names none: anybody may post there.
    package static let defaultNamespace = "scratch"

    /// Task and check name; results are reported under `qualifiedName`.
    package var name: String
    /// What the task does, for people.
    package var desc: String?
    /// Whom to ask, for people.
    package var maintainer: String?
    package var namespace: String
    /// Variables that must have a value before anything is done (`input.args`).
    package var inputArguments: [String]
    /// What the task wants of the machine it runs on.
    package var environment: EnvironmentWish
    /// At least one.
    package var actions: [Action]
    /// The place of every value of the file.
    package var sources: SourceMap
    /// What was found that does not keep the formula from running, in file order.
    package var warnings: [Diagnostic]

    /// `NAMESPACE.NAME`.
    package var qualifiedName: String { "\(namespace).\(name)" }
    /// The file, as the user named it.
    package var file: String { sources.file }
}

extension Formula {
    /// One step of a formula: a directive and its parameters.
    package struct Action: Sendable, Equatable {
        /// From 0, in the formula's order.
        package var index: Int
        /// A label for logs.
        package var name: String?
        /// The variable that receives what the directive returns.
        package var export: String?
        /// Which directive runs.
        package var directive: String
        /// The directive's parameters as written: mostly a mapping, for `shell` a text or a list.
        package var parameters: Value
        /// Seconds after which the action is given up on.
        package var timeout: Int?
        /// Where the action begins.
        package var position: SourcePosition?

        /// The action as a log or an error calls it: `action 2 (fetch the build)`, or with the directive's name where it has no label.
        package var label: String { "action \(index + 1) (\(name ?? directive))" }
        /// `actions[1]`.
        package var path: FieldPath { FieldPath.keys("actions").appending(index) }
    }
}
