package import AtollModel
import OrderedCollections

/// What would be posted to ResultsDB for a run's results: the pure part of reporting.
package struct ResultsDBReport: Sendable, Equatable {
    /// The run that the results belong to.
    package struct Run: Sendable, Equatable {
        /// Names the group of results; the server holds up to 36 characters.
        package var uuid: String
        /// ExecDB, which shows the run to people; only a link's beginning.
        package var execdbServer: String
        /// Where artifacts of all runs are served.
        package var artifactsURL: String
        /// This run's artifacts directory on this machine.
        package var artifactsDirectory: String
        /// Goes before each checkname, with a dot; nil for none.
        package var namespace: String?
        /// Check that results without a checkname belong to.
        package var checkname: String?
        /// Words about the group.
        package var description: String?

        package init(
            uuid: String, execdbServer: String, artifactsURL: String, artifactsDirectory: String, namespace: String? = nil,
            checkname: String? = nil, description: String? = nil
        ) {
            self.uuid = uuid
            self.execdbServer = execdbServer.droppingLastSlash
            self.artifactsURL = artifactsURL.droppingLastSlash
            self.artifactsDirectory = artifactsDirectory
            self.namespace = namespace
            self.checkname = checkname
            self.description = description
        }

        /// The group of all results of the run.
        package var group: Value {
            var members: OrderedDictionary<String, Value> = [
                "uuid": .string(uuid), "ref_url": .string("\(execdbServer)/jobs/\(WebText.component(uuid))"),
            ]
            if let description { members["description"] = .string(description) }
            return .map(members)
        }
    }

    /// One result as it is posted.
    package struct Entry: Sendable, Equatable {
        /// The checkname with its namespace.
        package var testcase: String
        /// Body of the request.
        package var body: Value
    }

    /// In the order of the results.
    package var entries: [Entry] = []
    package var warnings: [String] = []

    /// - Throws: `ResultsError` `.directive` for a result without item, type or checkname.
    package init(_ details: [CheckDetail], run: Run) throws(ResultsError) {
        if run.uuid.utf8.count > 36 {
            warnings.append("the uuid \(run.uuid) has more than the 36 characters that ResultsDB keeps; its group may not be found again")
        }
        for (index, detail) in details.enumerated() {
            let checkname = detail.checkname ?? run.checkname ?? ""
            let missing = [("item", detail.item), ("type", detail.type ?? ""), ("checkname", checkname)].filter(\.1.isEmpty).map(\.0)
            guard missing.isEmpty else {
                throw ResultsError(
                    .directive, "result \(index + 1) cannot be reported: it lacks \(missing.joined(separator: " and ")): \(detail)")
            }
            let testcase = run.namespace.map { $0.isEmpty ? checkname : "\($0).\(checkname)" } ?? checkname
            let (reference, warning) = ResultsDBReport.reference(artifact: detail.artifact, run: run)
            if let warning { warnings.append(warning) }
            var data: OrderedDictionary<String, Value> = ["item": .string(detail.item), "type": .string(detail.type ?? "")]
            for (key, value) in detail.keyvals where !CheckDetail.reservedKeys.contains(key) { data[key] = value }
            let body: Value = [
                "outcome": .string(detail.outcome.rawValue), "testcase": .string(testcase), "groups": [run.group],
                "note": .string(detail.note),
                "ref_url": .string(reference), "data": .map(data),
            ]
            entries.append(Entry(testcase: testcase, body: body))
        }
    }

    /// The link of a result: to its artifact, or to all artifacts of the run, with a warning when the artifact is none.
    package static func reference(artifact: String?, run: Run) -> (url: String, warning: String?) {
        let base = "\(run.artifactsURL)/\(WebText.component(run.uuid))"
        guard let artifact, !artifact.isEmpty else { return (base, nil) }
        guard let path = ArtifactPath.existing(artifact, in: run.artifactsDirectory) else {
            return (
                base, "the artifact \(artifact) is not there, or not inside \(run.artifactsDirectory); the result links to all artifacts"
            )
        }
        return ("\(base)/\(WebText.path(path))", nil)
    }

    /// What is logged instead of posting: scrapers take the lines from `results:` up to the next empty one.
    package static func disabledNotice(_ yaml: String) -> String {
        "Reporting to ResultsDB is off (report_to_resultsdb). Once it is on, this is reported:\n" + yaml.droppingNewlines + "\n"
    }
}

extension String {
    fileprivate var droppingNewlines: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
