import AtollDocuments
package import AtollModel
import OrderedCollections

/// results.json: the fields of ResultYAML, and a summary for programs that only want to know how it went.
package enum ResultJSON {
    /// `{"summary": {"total", "worst", "text", "outcomes": {...}}, "results": [...]}`; `worst` is null without results.
    package static func value(_ details: [CheckDetail]) -> Value {
        let outcomes = details.map(\.outcome)
        let counts = OrderedDictionary(OutcomeSummary.counts(outcomes).map { ($0.outcome.rawValue, Value.int($0.count)) }) { a, _ in a }
        return [
            "summary": [
                "total": .int(details.count), "worst": outcomes.max().map { .string($0.rawValue) } ?? .null,
                "text": .string(OutcomeSummary.text(outcomes)), "outcomes": .map(counts),
            ],
            "results": .list(details.map { .map(ResultFields.members(of: $0).members) }),
        ]
    }

    /// The same as text with a newline at its end.
    package static func text(_ details: [CheckDetail]) -> String { ValueJSON.render(value(details), indent: 2) + "\n" }
}
