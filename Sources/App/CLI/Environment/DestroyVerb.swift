import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlanning
import AtollPlatform
import OrderedCollections

struct DestroyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "destroy", abstract: "Remove a prefix and everything it made on this host.",
        discussion: """
            Only what carries the prefix's mark is touched. A prefix whose init was interrupted can be destroyed too.

            Examples:
              atoll destroy --yes
              atoll destroy --yes --all-prefixes
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.") var yes = false
    @Flag(name: .customLong("all-prefixes"), help: "Every prefix of the workdir.") var allPrefixes = false
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the steps.") var dryRun = false
    var printsEvents: Bool { !dryRun }

    func execute(_ session: Session) async throws {
        let targets = try self.targets(session)
        let host = try session.host()
        if dryRun {
            var steps: [PlannedStep] = []
            for target in targets { steps += try await DestroyUseCase(host: host, context: try session.context()).preview(target) }
            return session.show(steps)
        }
        if !yes, try !confirm(session, targets) { return session.finish("done", ["destroyed": []], text: "Aborting on user input") }
        // A link to an environment is not the environment: only the link goes.
        let links = try targets.isEmpty ? [] : linksInstead(session)
        for link in links { try Directories.removeTree(link) }
        if links.isEmpty {
            for target in targets { try await DestroyUseCase(host: host, context: try session.context()).run(target) }
        }
        let gone = links.isEmpty ? targets.map(\.files.path) : links
        session.finish(
            "done", ["destroyed": .list(gone.map(Value.string))],
            text: links.isEmpty
                ? "Destroyed \(gone.joined(separator: ", "))"
                : "Removed the link \(gone.joined(separator: ", ")); what it names is still there")
    }

    private func targets(_ session: Session) throws -> [Locator.Found] {
        guard allPrefixes else { return [try session.locator.prefix()] }
        let workdir = try session.locator.workdir()
        return try workdir.prefixNames().map { Locator.Found(workdir: workdir, files: try workdir.prefix($0)) }
    }

    private func linksInstead(_ session: Session) throws -> [String] {
        let link = allPrefixes ? session.locator.workdirLink() : session.locator.prefixLink()
        return link.map { [$0] } ?? []
    }

    private func confirm(_ session: Session, _ targets: [Locator.Found]) throws -> Bool {
        let what = allPrefixes ? "all the prefixes under \(targets.first?.workdir?.path ?? "")" : targets.first?.files.path ?? ""
        session.console.errRaw("Do you really want to destroy \(what)? [Yn] ")
        guard let answer = readLine() else {
            session.console.errRaw("\n")
            throw UsageError("no answer can be read, so nothing is destroyed; say yes with: \(session.command("destroy --yes"))")
        }
        return answer.isEmpty || ["y", "yes"].contains(answer.lowercased())
    }
}
