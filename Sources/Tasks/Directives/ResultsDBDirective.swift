import AtollInstances
package import AtollFormula
package import AtollModel
package import AtollResults
import OrderedCollections

/// Whether and how results are reported: the settings of the `resultsdb` directive, as values.
package struct ReportingOptions: Sendable {
    /// nil: reporting is off; what would be reported is logged, and nothing is connected.
    package var server: ResultsDBClient.Server?
    /// Where the artifacts of all runs are served.
    package var artifactsURL: String
    package var execdbServer: String
    /// Who may report under which names; nil where that is not enforced (outside production).
    package var namespaces: Namespaces?
    /// The URL that the task's directory was cloned from; nil when it is no clone.
    package var origin: String?
    /// Words about the run for its group of results.
    package var description: String?
    /// Testcases the server is known to have; one object for all that report to it.
    package var known: KnownTestcases

    package init(
        server: ResultsDBClient.Server? = nil, artifactsURL: String = "http://localhost/artifacts",
        execdbServer: String = "http://localhost:5003", namespaces: Namespaces? = nil, origin: String? = nil, description: String? = nil,
        known: KnownTestcases = KnownTestcases()
    ) {
        self.server = server
        self.artifactsURL = artifactsURL
        self.execdbServer = execdbServer
        self.namespaces = namespaces
        self.origin = origin
        self.description = description
        self.known = known
    }
}

extension ReportingOptions {
    fileprivate func run(_ files: RunFiles, namespace: String? = nil, checkname: String? = nil) -> ResultsDBReport.Run {
        ResultsDBReport.Run(
            uuid: files.run, execdbServer: execdbServer, artifactsURL: artifactsURL, artifactsDirectory: files.path, namespace: namespace,
            checkname: checkname, description: description)
    }

    fileprivate func report(
        _ yaml: String, _ run: ResultsDBReport.Run, log: (ResultsDBReporter.Level, String) -> Void
    ) async throws -> ResultsDBReporter.Report {
        try await ResultsDBReporter.report(
            yaml: yaml, run: run, server: server, namespaces: namespaces.map { ($0, origin) }, known: known, log: log)
    }

    /// Posts what became of a run that broke before it reported anything, where reporting is on and somebody waits for a result about an
    /// item. What goes wrong with that is logged: it is no further failure of the run.
    /// - Parameter reports: whether the run's formula would have reported.
    /// - Returns: the result, with its id once it was posted.
    package func report(
        broken detail: CheckDetail, of arguments: RunArguments, reports: Bool, _ files: RunFiles, _ log: RunLog
    ) async -> CheckDetail {
        guard server != nil, reports, arguments.item != nil, arguments.type != nil else { return detail }
        var detail = detail
        do {
            let report = try await report(try ResultYAML.text([detail]), run(files)) { level, text in
                switch level {
                case .info: log.info(text)
                case .warning: log.warning(text)
                case .error: log.error(text)
                }
            }
            detail.resultsDBID = report.details.first?.resultsDBID
            if let id = detail.resultsDBID { log.info("reported to ResultsDB: \(detail.outcome.rawValue), result \(id)") }
        } catch { log.error("\(detail.outcome.rawValue) could not be reported to ResultsDB: \(error)") }
        return detail
    }
}

/// `resultsdb`: reports results, and makes them the run's.
package struct ResultsDBDirective: Directive {
    package let name = "resultsdb"
    package let options: ReportingOptions
    private static let parameters = DirectiveParameters.Names(oneOf: ["results", "file"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let results = TaskResults(call: call)
        let yaml = call.log.redacted(try await placed(try await results.text(parameters), results))
        let run = options.run(call.session.files, namespace: call.namespace, checkname: call.checkname)
        let report: ResultsDBReporter.Report
        do {
            report = try await options.report(yaml, run) { level, text in
                switch level {
                case .info: call.log.info(text)
                case .warning: call.session.warn(text)
                case .error: call.log.error(text)
                }
            }
        } catch let error as ResultsError {
            throw TaskError(error, directive: name)
        }
        call.session.take(results.qualified(report.details), isFinal: true)
        if report.isServerDown, let first = report.failures.first {
            throw TaskError(.remote, "ResultsDB did not take the results: \(first.error.message); repeat the run once it answers")
        }
        if !report.failures.isEmpty {
            call.session.warn("\(call.label): \(report.failures.count) of \(report.details.count) results were not posted; see the log")
        }
        return .string(report.yaml)
    }

    /// Links are made for artifacts that are there, so those of another machine are fetched first.
    private func placed(_ yaml: String, _ results: TaskResults) async throws -> String {
        let call = results.call
        guard let details = try? ResultYAML.parse(yaml), details.contains(where: { $0.artifact != nil }) else { return yaml }
        if call.instance.kind != .local {
            do { try await call.session.fetchArtifacts() } catch let error as DisposableError where error.code == .copy {
                call.session.warn("\(call.label): the artifacts could not be fetched: \(error)")
            }
        }
        let moved = details.map { detail in
            var detail = detail
            detail.artifact = detail.artifact.map(results.relativeArtifact)
            return detail
        }
        // The text goes on unchanged unless it has to change.
        guard call.session.artifactsDirectory != call.session.files.path, moved != details else { return yaml }
        return (try? ResultYAML.text(moved)) ?? yaml
    }
}
