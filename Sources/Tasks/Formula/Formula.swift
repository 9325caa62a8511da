public import AtollModel

/// Task formulas: YAML text to a checked `Formula`, variables put into its actions, and the environment it wants.
///
/// Everything here is pure: no files but the formula's own text, no guests, no directives, no clock. Running a formula is the room
/// Tasks. What the user said on the command line is `RunArguments`; what an action becomes before it runs is `Substitution`; where it
/// should run is `DevisedEnvironment` and `Hardware`.
///
/// Start with `Formula.load`.
public struct Formula: Sendable, Equatable {
    /// The namespace of results whose formula names none: anybody may post there.
    public static let defaultNamespace = "scratch"

    /// Task and check name; results are reported under `qualifiedName`.
    public var name: String
    /// What the task does, for people.
    public var desc: String?
    /// Whom to ask, for people.
    public var maintainer: String?
    public var namespace: String
    /// Variables that must have a value before anything is done (`input.args`).
    public var inputArguments: [String]
    /// What the task wants of the machine it runs on.
    public var environment: EnvironmentWish
    /// At least one.
    public var actions: [Action]
    /// The place of every value of the file.
    public var sources: SourceMap
    /// What was found that does not keep the formula from running, in file order.
    public var warnings: [Diagnostic]

    /// `NAMESPACE.NAME`.
    public var qualifiedName: String { "\(namespace).\(name)" }
    /// The file, as the user named it.
    public var file: String { sources.file }
}

extension Formula {
    /// One step of a formula: a directive and its parameters.
    public struct Action: Sendable, Equatable {
        /// From 0, in the formula's order.
        public var index: Int
        /// A label for logs.
        public var name: String?
        /// The variable that receives what the directive returns.
        public var export: String?
        /// Which directive runs.
        public var directive: String
        /// The directive's parameters as written: mostly a mapping, for `shell` a text or a list.
        public var parameters: Value
        /// Seconds after which the action is given up on.
        public var timeout: Int?
        /// Where the action begins.
        public var position: SourcePosition?

        /// The action as a log or an error calls it: `action 2 (fetch the build)`, or with the directive's name where it has no label.
        public var label: String { "action \(index + 1) (\(name ?? directive))" }
        /// `actions[1]`.
        public var path: FieldPath { FieldPath.keys("actions").appending(index) }
    }
}
