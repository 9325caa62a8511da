import AtollDocuments
import AtollModel
import AtollPlanning
import OrderedCollections

/// What a verb prints on standard output: one document, or a last line after its events.
extension Session {
    /// Prints a query's document.
    func show(_ document: Value) {
        let text = format.render(document)
        // An empty list is no line at all for people.
        if !text.isEmpty { console.out(text) }
    }

    /// Ends a changing verb: a sentence for people, or with `-f json` the last event, which carries the result.
    /// - Parameter event: `ready` when guests answer, else `done`.
    func finish(_ event: String = "done", _ members: OrderedDictionary<String, Value> = [:], text: String? = nil) {
        guard format == .json else { return text.map(console.out) ?? () }
        var document: OrderedDictionary<String, Value> = ["event": .string(event), "verb": .string(verb)]
        document.merge(members) { _, new in new }
        console.out(ValueJSON.render(.map(document), indent: 0, sorted: true))
    }

    /// Prints the dry run of a plan.
    func show(_ steps: [PlannedStep]) {
        if format == .json { return show(Self.document(steps)) }
        for step in steps {
            let (word, note) = Self.row(step)
            console.out("\(word.padded(to: 6)) \(SafeText.line(step.title))\(note.isEmpty ? "" : " (\(SafeText.line(note)))")")
        }
    }

    /// A dry run as data: one object per step, in an order that respects `needs`.
    static func document(_ steps: [PlannedStep]) -> Value {
        .list(
            steps.map { step in
                let (word, note) = row(step)
                return [
                    "step": .string(step.id), "title": .string(step.title), "needs": .list(step.needs.map(Value.string)),
                    "action": .string(word), "note": .string(note),
                ]
            })
    }

    private static func row(_ step: PlannedStep) -> (word: String, note: String) {
        switch step.observation {
        case .absent: ("do", "")
        case .done(let found): ("done", found)
        case .foreign(let what): ("refuse", what)
        }
    }
}

extension String {
    /// Padded with spaces on the right.
    func padded(to width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
}
