package import AtollModel

/// One line about many results: `2 PASSED, 2 INFO, 1 FAILED, 1 ABORTED`.
package enum OutcomeSummary {
    /// Counts in the order of priority, without those that are zero; "" for no outcomes.
    package static func text(_ outcomes: [Outcome]) -> String {
        counts(outcomes).map { "\($0.count) \($0.outcome)" }.joined(separator: ", ")
    }

    package static func text(_ details: [CheckDetail]) -> String { text(details.map(\.outcome)) }

    package static func text(_ detail: CheckDetail) -> String { text([detail.outcome]) }

    /// The same for data that came from a task: a list of outcome words.
    /// - Throws: `ResultsError` `.value` for anything but a list (a single word too), and for an unknown word.
    package static func text(words value: Value) throws(ResultsError) -> String {
        guard let elements = value.elements else {
            throw ResultsError(.value, "a summary is made of a list of outcomes, not of \(value.kind)")
        }
        var outcomes: [Outcome] = []
        for element in elements {
            guard case .string(let word) = element else { throw ResultsError(.value, "an outcome is text, not \(element.kind)") }
            outcomes.append(try Outcome(parsing: word))
        }
        return text(outcomes)
    }

    /// How often each outcome is there, in the order of priority, without those that are not.
    package static func counts(_ outcomes: [Outcome]) -> [(outcome: Outcome, count: Int)] {
        Outcome.allCases.compactMap { outcome in
            let count = outcomes.count { $0 == outcome }
            return count == 0 ? nil : (outcome, count)
        }
    }
}
