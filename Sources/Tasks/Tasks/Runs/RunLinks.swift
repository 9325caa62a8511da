/// Where a run is to be seen from outside; nil is nowhere.
public struct RunLinks: Sendable, Equatable, Codable {
    /// Its artifacts.
    public var artifacts: String?
    /// The CI job it belongs to, and the log of that job's step.
    public var job: String?
    public var log: String?

    public init(artifacts: String? = nil, job: String? = nil, log: String? = nil) {
        self.artifacts = artifacts
        self.job = job
        self.log = log
    }

    /// One for each of them.
    public var lines: [String] {
        [("artifacts from outside", artifacts), ("CI job", job), ("log of the CI job", log)].compactMap { name, url in
            url.map { "\(name): \($0)" }
        }
    }
}
