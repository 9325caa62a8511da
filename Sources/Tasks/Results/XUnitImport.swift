/// A JUnit report as results: what the xunit directive does.
package enum XUnitImport {
    /// What becomes of the test cases.
    package enum Aggregation: String, Sendable, CaseIterable {
        /// One result: PASSED when no case failed.
        case allpass
        /// One result for each case, `<checkname>.<class>.<case>`, without the class where the report names none.
        case none

        /// - Throws: `ResultsError` `.directive` for another word.
        package init(parsing word: String) throws(ResultsError) {
            guard let value = Aggregation(rawValue: word) else {
                throw ResultsError(.directive, "aggregation is 'allpass' or 'none', not '\(word)'")
            }
            self = value
        }
    }

    /// The results of a report, and warnings about it. `artifact` is the report's own file, for people to inspect.
    ///
    /// A report without test cases is NEEDS_INSPECTION. Where a suite counts more failures or tests than its cases show, the worse counts:
    /// for `none` as one more result, named `checkname`.
    /// - Throws: `ResultsError` `.value` for bytes that are not a JUnit report.
    package static func results(
        _ report: [UInt8], item: String, type: String, checkname: String, artifact: String?, aggregation: Aggregation = .allpass
    ) throws(ResultsError) -> (details: [CheckDetail], warnings: [String]) {
        let document = try JUnitReader.document(report, name: artifact ?? "the JUnit report")
        func detail(_ outcome: Outcome, _ note: String, _ name: String) -> CheckDetail {
            CheckDetail(item: item, type: type, outcome: outcome, note: note, checkname: name, artifact: artifact)
        }
        let cases = document.cases
        let doubts =
            (cases.isEmpty ? [(Outcome.needsInspection, "no test cases")] : []) + (document.claim.map { [($0.outcome, $0.reason)] } ?? [])
        let doubted = doubts.map(\.0).max()
        let reasons = doubts.map(\.1)
        switch aggregation {
        case .allpass:
            let note = ((cases.isEmpty ? [] : [OutcomeSummary.text(cases.map(outcome))]) + reasons).joined(separator: "; ")
            let shown: Outcome = cases.allSatisfy(\.isGood) ? .passed : .failed
            return ([detail(max(shown, doubted ?? shown), note, checkname)], document.warnings)
        case .none:
            let details = cases.map { detail(outcome($0), note($0), checkname + "." + name($0)) }
            return (details + (doubted.map { [detail($0, reasons.joined(separator: "; "), checkname)] } ?? []), document.warnings)
        }
    }

    /// The case with its class, as test tools print it. Some tools put the class into the case's name themselves.
    private static func name(_ entry: JUnitReader.Case) -> String {
        let name = entry.name.isEmpty ? "unnamed" : entry.name
        guard let classname = entry.classname, !classname.isEmpty, name != classname, !name.hasPrefix(classname + ".") else { return name }
        return classname + "." + name
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
