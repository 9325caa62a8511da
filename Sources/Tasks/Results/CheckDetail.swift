package import AtollModel
package import OrderedCollections

/// What one check found about one item: a result on its way from a task to reports and to ResultsDB.
///
/// A detail that was given no outcome reads NEEDS_INSPECTION, yet the first `updateOutcome` decides: "none yet" is below PASSED.
package struct CheckDetail: Sendable, Equatable {
    /// The thing under test, such as `xchat-0.5-1.fc20`. An empty one cannot be exported.
    package var item: String
    /// What the item is (`koji_build`, ...). Free text; ResultsDB needs one.
    package var type: String?
    /// The check; a dot makes a sub-result: `mytest.sub1`. ResultsDB needs one.
    package var checkname: String?
    /// One short line for people.
    package var note: String
    /// A file or directory below the artifacts directory, absolute or relative to it.
    package var artifact: String?
    /// Further data, exported beside the fields with its types kept.
    package var keyvals: OrderedDictionary<String, Value>
    /// What directives tell each other about this result; exported as `_internal`.
    package var internalData: OrderedDictionary<String, Value>
    /// What the check printed. Never exported.
    package var output: [String]
    private var assigned: Outcome?

    package init(
        item: String, type: String? = nil, outcome: Outcome? = nil, note: String = "", output: [String] = [],
        keyvals: OrderedDictionary<String, Value> = [:], checkname: String? = nil, artifact: String? = nil,
        internalData: OrderedDictionary<String, Value> = [:]
    ) {
        self.item = item
        self.type = type
        self.checkname = checkname
        self.note = note
        self.artifact = artifact
        self.keyvals = keyvals
        self.internalData = internalData
        self.output = output
        assigned = outcome
    }

    /// A detail whose outcome is a word from outside.
    /// - Throws: `ResultsError` `.value` for an unknown word.
    package init(
        item: String, type: String? = nil, outcomeWord: String, note: String = "", keyvals: OrderedDictionary<String, Value> = [:],
        checkname: String? = nil, artifact: String? = nil
    ) throws(ResultsError) {
        let outcome = try Outcome(parsing: outcomeWord)
        self.init(item: item, type: type, outcome: outcome, note: note, keyvals: keyvals, checkname: checkname, artifact: artifact)
    }

    /// How the check ended; NEEDS_INSPECTION as long as nobody said.
    package var outcome: Outcome {
        get { assigned ?? .needsInspection }
        set { assigned = newValue }
    }

    /// Sets the outcome to a word from outside.
    /// - Throws: `ResultsError` `.value` for an unknown word; the detail is unchanged then.
    package mutating func setOutcome(word: String) throws(ResultsError) { assigned = try Outcome(parsing: word) }

    /// Makes the outcome worse, never better. nil changes nothing; the first call on a detail without an outcome always counts.
    package mutating func updateOutcome(_ new: Outcome?) {
        if Outcome.compare(new, assigned) > 0 { assigned = new }
    }

    /// The same for a word from outside.
    /// - Throws: `ResultsError` `.value` for an unknown word; the detail is unchanged then.
    package mutating func updateOutcome(word: String?) throws(ResultsError) {
        guard let word else { return }
        updateOutcome(try Outcome(parsing: word))
    }

    /// Whether the check gave no usable result: ABORTED or CRASHED.
    package var isBroken: Bool { outcome.isBroken }

    /// Keeps a line of output, and prints it on stdout unless told not to.
    package mutating func store(_ message: String, printout: Bool = true) {
        output.append(message)
        if printout { print(message) }
    }

    /// Id of the result in ResultsDB, once it was posted.
    package var resultsDBID: Int? {
        get { internalData[CheckDetail.idKey]?.integer }
        set { internalData[CheckDetail.idKey] = newValue.map(Value.int) }
    }

    /// The result of a run that broke: what `reason` says in short is the note, its further lines are output.
    package static func broken(
        _ outcome: Outcome, item: String, type: String?, checkname: String?, reason: String
    ) -> CheckDetail {
        let lines = reason.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return CheckDetail(
            item: item, type: type, outcome: outcome, note: String(headline(reason).prefix(300)),
            output: Array(lines.dropFirst()), checkname: checkname)
    }

    /// A failure's text in one line: its first; one that ends with a colon leads to others, of which the last says most.
    package static func headline(_ reason: String) -> String {
        let lines = reason.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0.isWhitespace } }.filter { !$0.isEmpty }
        guard let first = lines.first, let last = lines.last else { return "" }
        return lines.count > 1 && first.hasSuffix(":") ? "\(first) \(last)" : String(first)
    }

    /// Names of keys that are fields; no keyval may have one.
    package static let reservedKeys: Set<String> = ["item", "type", "outcome", "note", "results", "checkname", "artifact", "_internal"]

    static let idKey = "resultsdb_result_id"
}

extension CheckDetail: CustomStringConvertible {
    /// Everything but `output`, which may be long.
    package var description: String {
        var parts = ["item: \(item)"]
        func add(_ name: String, _ text: String?) { if let text, !text.isEmpty { parts.append("\(name): \(text)") } }
        add("type", type)
        add("checkname", checkname)
        add("outcome", outcome.rawValue)
        add("note", note)
        add("artifact", artifact)
        add("keyvals", keyvals.isEmpty ? nil : keyvals.keys.joined(separator: " "))
        return "CheckDetail(\(parts.joined(separator: ", ")))"
    }
}
