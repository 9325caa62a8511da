/// Where everything of one run lies. Only names; nothing is read or made here.
package struct RunFiles: Sendable, Hashable {
    /// `ARTIFACTSDIR/RUN`: what the task left, and below `taskotron` what we did.
    package let path: String

    package init(path: String) { self.path = path }

    package init(artifacts: String, run: String) { self.init(path: artifacts + "/" + run) }

    package var run: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// Ours; a task's own files never lie here, except the results it may write itself.
    package var own: String { path + "/taskotron" }
    package var log: String { own + "/taskotron.log" }
    /// Everything the task wrote on its output and errors.
    package var output: String { own + "/output.log" }
    package var console: String { own + "/console.log" }
    package var record: String { own + "/run.json" }
    package var results: String { own + "/results.yml" }
    package var resultsJSON: String { own + "/results.json" }
    package var junit: String { own + "/junit.xml" }
    package var report: String { own + "/report.html" }
    /// The machine it ran on: kernel, distribution, memory.
    package var facts: String { own + "/facts.json" }
    package var packages: String { own + "/packages.log" }
    /// The formula as it was run.
    package var formula: String { own + "/formula.yml" }
}
