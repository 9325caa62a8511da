/// Posts a run's results and notes their ids: what the resultsdb directive does.
package enum ResultsDBReporter {
    /// What was done.
    package struct Report: Sendable {
        /// The results, with the ids of those that were posted.
        package var details: [CheckDetail]
        /// The same as ResultYAML; the very text that came in when reporting is off.
        package var yaml: String
        /// Results that were not posted: their index and why.
        package var failures: [(index: Int, error: ResultsError)] = []
        /// Whether the server could not be reached at all, which is nobody's fault here.
        package var isServerDown: Bool { !failures.isEmpty && failures.allSatisfy { $0.error.code == .unreachable } }
    }

    /// How serious a line for the log is.
    package enum Level: Sendable { case info, warning, error }

    /// Consecutive results for which the server was out of reach; then the others are not tried any more.
    static let patience = 2

    /// Reports `yaml` (ResultYAML). A result that the server does not take is logged, and the others go on.
    /// - Parameters:
    ///   - server: nil when reporting is off: nothing is connected then, the text is logged and returned unchanged.
    ///   - namespaces: the rules, and the origin of the task's clone; nil where they are not enforced (outside production).
    ///   - known: the testcases of that server that this process has met.
    /// - Throws: `ResultsError` `.directive` for text that is no ResultYAML and results that lack something, `.namespace` before
    ///   anything is posted; `CancellationError`.
    package static func report(
        yaml: String, run: ResultsDBReport.Run, server: ResultsDBClient.Server?, namespaces: (rules: Namespaces, origin: String?)? = nil,
        known: KnownTestcases = KnownTestcases(), log: (Level, String) -> Void
    ) async throws -> Report {
        let details: [CheckDetail]
        do throws(ResultsError) { details = try ResultYAML.parse(yaml) } catch {
            throw ResultsError(.directive, "failed to load results: \(error.message)")
        }
        let report = try ResultsDBReport(details, run: run)
        for warning in report.warnings { log(.warning, warning) }
        guard let server else {
            log(.info, ResultsDBReport.disabledNotice(yaml))
            return Report(details: details, yaml: yaml)
        }
        if let namespaces {
            for entry in report.entries { try namespaces.rules.check(checkname: entry.testcase, origin: namespaces.origin) }
        }
        var result = Report(details: details, yaml: yaml)
        guard !report.entries.isEmpty else { return result }
        let client = try ResultsDBClient(server, known: known)
        do { try await post(report, through: client, into: &result, log: log) } catch {
            await client.close()
            throw error
        }
        await client.close()
        result.yaml = try ResultYAML.text(result.details)
        return result
    }

    private static func post(
        _ report: ResultsDBReport, through client: ResultsDBClient, into result: inout Report, log: (Level, String) -> Void
    ) async throws {
        var unreachable = 0
        for (index, entry) in report.entries.enumerated() {
            try Task.checkCancellation()
            if unreachable >= patience {
                let rest = report.entries.count - index
                let error = ResultsError(.unreachable, "not tried: the server was out of reach for the \(patience) results before")
                log(.error, "\(rest) more results are not posted: the server is out of reach")
                result.failures += (index..<report.entries.count).map { ($0, error) }
                return
            }
            do {
                try await client.ensureTestcase(entry.testcase)
                result.details[index].resultsDBID = try await client.post(entry.body)
                unreachable = 0
            } catch let error as ResultsError {
                unreachable = error.code == .unreachable ? unreachable + 1 : 0
                log(.error, "result \(index + 1) (\(entry.testcase), \(result.details[index].item)) is not posted: \(error.message)")
                result.failures.append((index, error))
            }
        }
    }
}
