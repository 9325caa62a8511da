/// A JUnit report as results: what the xunit directive does.
package enum XUnitImport {
    /// What becomes of the test cases.
    package enum Aggregation: String, Sendable, CaseIterable {
        /// One result: PASSED when no case failed.
        case allpass
        /// One result for each case, `<checkname>.<case>`.
        case none

        /// - Throws: `ResultsError` `.directive` for another word.
        package init(parsing word: String) throws(ResultsError) {
            guard let value = Aggregation(rawValue: word) else {
                throw ResultsError(.directive, "aggregation is 'allpass' or 'none', not '\(word)'")
            }
            self = value
        }
    }

    /// The results of a report. `artifact` is the report's own file, for people to look into.
    /// - Throws: `ResultsError` `.value` for text that is no JUnit report.
    package static func results(
        _ text: String, item: String, type: String, checkname: String, artifact: String?, aggregation: Aggregation = .allpass
    ) throws(ResultsError) -> [CheckDetail] {
        let cases = try JUnitReader.read(text, name: artifact ?? "the JUnit report")
        func detail(_ outcome: Outcome, _ note: String, _ name: String) -> CheckDetail {
            CheckDetail(item: item, type: type, outcome: outcome, note: note, checkname: name, artifact: artifact)
        }
        switch aggregation {
        case .allpass:
            let note = cases.isEmpty ? "no test cases" : OutcomeSummary.text(cases.map(outcome))
            return [detail(cases.allSatisfy(\.isGood) ? .passed : .failed, note, checkname)]
        case .none:
            return cases.map { entry in
                detail(outcome(entry), note(entry), checkname + "." + (entry.name.isEmpty ? "unnamed" : entry.name))
            }
        }
    }

    /// A case that was skipped is fine, and something to notice.
    private static func outcome(_ entry: JUnitReader.Case) -> Outcome {
        switch entry.status {
        case .passed: .passed
        case .skipped: .info
        case .failed, .error: .failed
        }
    }

    private static func note(_ entry: JUnitReader.Case) -> String {
        switch entry.status {
        case .passed: ""
        case .failed: entry.message
        case .skipped: entry.message.isEmpty ? "skipped" : "skipped: \(entry.message)"
        case .error: entry.message.isEmpty ? "error" : "error: \(entry.message)"
        }
    }
}
