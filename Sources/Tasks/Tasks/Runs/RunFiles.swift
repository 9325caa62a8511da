/// Where everything of one run lies. Only names; nothing is read or made here.
public struct RunFiles: Sendable, Hashable {
    /// `ARTIFACTSDIR/RUN`: what the task left, and below `taskotron` what we did.
    public let path: String

    public init(path: String) { self.path = path }

    public init(artifacts: String, run: String) { self.init(path: artifacts + "/" + run) }

    public var run: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// Ours; a task's own files never lie here, except the results it may write itself.
    public var own: String { path + "/taskotron" }
    public var log: String { own + "/taskotron.log" }
    /// Everything the task wrote on its output and errors.
    public var output: String { own + "/output.log" }
    public var console: String { own + "/console.log" }
    public var record: String { own + "/run.json" }
    public var results: String { own + "/results.yml" }
    public var resultsJSON: String { own + "/results.json" }
    public var junit: String { own + "/junit.xml" }
    public var report: String { own + "/report.html" }
    /// The machine it ran on: kernel, distribution, memory.
    public var facts: String { own + "/facts.json" }
    public var packages: String { own + "/packages.log" }
    /// The formula as it was run.
    public var formula: String { own + "/formula.yml" }
}
