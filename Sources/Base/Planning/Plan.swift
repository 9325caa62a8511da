/// A graph of steps, in an order that respects it.
package struct Plan: Sendable {
    /// What happens to what was done when a step fails.
    package enum FailurePolicy: Sendable {
        /// Steps applied by this run are undone in reverse. What was so before the run is left alone.
        case undo
        /// Everything stays: running the verb again goes on from there.
        case keep
        /// Everything stays, and steps that do not need the failed one still run to their own ends: waits for guests of which one is lost.
        case continueOthers
    }

    /// For people: "Start prefix default".
    package var title: String
    package var steps: [Step]
    package var onFailure: FailurePolicy

    /// - Throws: `PlanDefect` when an id is used twice, a need names no step, or the needs run in a circle.
    package init(_ title: String, onFailure: FailurePolicy, steps: [Step]) throws {
        self.title = title
        self.onFailure = onFailure
        var known: [String: Step] = [:]
        for step in steps {
            guard known.updateValue(step, forKey: step.id) == nil else { throw PlanDefect("two steps are called \(step.id)") }
        }
        var placed: Set<String> = []
        var ordered: [Step] = []
        var waiting = steps
        while !waiting.isEmpty {
            let ready = waiting.filter { $0.needs.isSubset(of: placed) }
            guard !ready.isEmpty else {
                let names = waiting.map { "\($0.id) needs \($0.needs.subtracting(placed).sorted().joined(separator: ", "))" }
                throw PlanDefect("steps can never run: \(names.joined(separator: "; "))")
            }
            ordered += ready
            placed.formUnion(ready.map(\.id))
            waiting.removeAll { placed.contains($0.id) }
        }
        self.steps = ordered
    }

    /// What a run would do now, without doing it.
    package func preview() async throws -> [PlannedStep] {
        var result: [PlannedStep] = []
        for step in steps {
            result.append(PlannedStep(id: step.id, title: step.title, needs: step.needs.sorted(), observation: try await step.observe()))
        }
        return result
    }
}

/// One line of a dry run.
package struct PlannedStep: Sendable, Equatable {
    package var id: String
    package var title: String
    package var needs: [String]
    package var observation: Step.Observation
}

/// A plan that cannot be run because it was put together wrongly.
package struct PlanDefect: Error, CustomStringConvertible {
    package var description: String
    init(_ text: String) { description = text }
}
