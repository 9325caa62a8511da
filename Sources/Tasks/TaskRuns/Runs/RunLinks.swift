/// Where a run is to be seen from outside; nil is nowhere.
package struct RunLinks: Sendable, Equatable, Codable {
    /// Its artifacts.
    package var artifacts: String?
    /// The CI job it belongs to, and the log of that job's step.
    package var job: String?
    package var log: String?

    package init(artifacts: String? = nil, job: String? = nil, log: String? = nil) {
        self.artifacts = artifacts
        self.job = job
        self.log = log
    }

    /// One for each of them.
    package var lines: [String] {
        [("artifacts from outside", artifacts), ("CI job", job), ("log of the CI job", log)].compactMap { name, url in
            url.map { "\(name): \($0)" }
        }
    }
}
