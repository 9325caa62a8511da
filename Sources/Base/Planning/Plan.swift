/// A graph of steps, sorted so that each step follows the steps it needs.
package struct Plan: Sendable {
    /// What happens to applied steps when a step fails.
    package enum FailurePolicy: Sendable {
        /// Roll back the steps applied by this run, in reverse order. State from before the run is left alone.
        case undo
        /// Keep applied steps: running the verb again resumes.
        case keep
        /// Keep applied steps, and run the steps that do not depend on the failed one. For waits on several guests.
        case continueOthers
    }

    /// Title for people: "Start prefix default".
    package var title: String
    package var steps: [Step]
    package var onFailure: FailurePolicy

    /// - Throws: `PlanDefect` if an ID is not unique, a needed ID is unknown, or the dependencies form a cycle.
    package init(_ title: String, onFailure: FailurePolicy, steps: [Step]) throws {
        self.title = title
        self.onFailure = onFailure
        var known: [String: Step] = [:]
        for step in steps {
            guard known.updateValue(step, forKey: step.id) == nil else { throw PlanDefect("duplicate step ID '\(step.id)'") }
        }
        var placed: Set<String> = []
        var ordered: [Step] = []
        var waiting = steps
        while !waiting.isEmpty {
            let ready = waiting.filter { $0.needs.isSubset(of: placed) }
            guard !ready.isEmpty else {
                let names = waiting.map { "'\($0.id)' needs \($0.needs.subtracting(placed).sorted().joined(separator: ", "))" }
                throw PlanDefect("unsatisfiable dependencies: \(names.joined(separator: "; "))")
            }
            ordered += ready
            placed.formUnion(ready.map(\.id))
            waiting.removeAll { placed.contains($0.id) }
        }
        self.steps = ordered
    }

    /// Observes every step and returns what a run would do (dry run).
    package func preview() async throws -> [PlannedStep] {
        var result: [PlannedStep] = []
        for step in steps {
            result.append(PlannedStep(id: step.id, title: step.title, needs: step.needs.sorted(), observation: try await step.observe()))
        }
        return result
    }
}

/// One line of a dry run: a step and its planned action.
package struct PlannedStep: Sendable, Equatable {
    package var id: String
    package var title: String
    package var needs: [String]
    package var observation: Step.Observation
}

/// An invalid plan or failpoint: a programming error, not a user error.
package struct PlanDefect: Error, CustomStringConvertible {
    package var description: String
    init(_ text: String) { description = text }
}
