import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTemplates
import OrderedCollections

struct TemplateListVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the templates in the store.",
        discussion: """
            Example:
              atoll template list
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let (templates, unreadable) = try await Blocking.run { try catalog.store.listWithDependants() }
        for path in unreadable { session.console.err("warning: \(path) cannot be read; what it backs on is not known") }
        if session.format == .json {
            session.show(.list(templates.map { TemplateDocuments.document($0.template, usedBy: $0.usedBy) }))
        } else if templates.isEmpty {
            session.console.out("The store is empty. Build a template: atoll template build tiny")
        } else {
            session.console.out(
                Table.render(TemplateDocuments.columns, templates.map { TemplateDocuments.row($0.template, usedBy: $0.usedBy) }))
        }
    }
}

struct TemplateShowVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one template: digests, sizes, metadata, what depends on it.",
        discussion: """
            Example:
              atoll template show tiny
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "Name, or repository:template:version.") var name: String

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let candidate = try catalog.candidate(name)
        let template = try catalog.store.show(candidate.name)
        session.show(TemplateDocuments.document(template, usedBy: try catalog.store.dependants(of: candidate.name)))
    }
}

struct TemplateFetchVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Bring a template of the repository into the store.",
        discussion: """
            Example:
              atoll template fetch el9-base --template-repo-path repo.json
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Option(name: .customLong("version-name"), help: "Version (default: the latest).") var versionName: String?
    @Argument(help: "The template.") var name: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let name = name
        let version = versionName
        let made = try await session.runTemplateStep("fetch", "fetch template \(name)") {
            try await catalog.fetch(name, version: version, events: $0)
        }
        session.finish(with: [made])
    }
}

struct TemplateBuildVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a shipped recipe's template anew.",
        discussion: """
            Recipes are the directories below templates/images. Verbs that need a template build it by themselves when it is missing.

            Examples:
              atoll template build tiny
              atoll template build debian-12
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "The recipe.") var name: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let name = name
        let made = try await session.runTemplateStep("build", "build template \(name)") { try await catalog.build(name, events: $0) }
        session.finish(with: [made])
    }
}

struct TemplateImportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import an image file as a template.",
        discussion: """
            The file is copied, hashed and converted to raw; it stays as it is. An image that refers to other files is refused.

            Example:
              atoll template import disk.qcow2 --name mine --metadata distro=debian --metadata bootstrap=sysprep
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Option(name: .customLong("name"), help: "Template name (default: the file's, without its ending).") var name: String?
    @Option(name: .customLong("version-name"), help: "Version.") var versionName = "1"
    @Option(name: .customLong("metadata"), help: "KEY=VALUE, several times: distro, arch, bootstrap, root-partition, …") var metadata:
        [String] = []
    @Option(name: .customLong("sha256"), help: "Refuse the file unless this is its digest.") var sha256: String?
    @Argument(help: "The image.", completion: .file()) var file: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        var values: OrderedDictionary<String, Value> = [:]
        for entry in metadata {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw UsageError("--metadata takes KEY=VALUE, not \"\(entry)\"") }
            values[parts[0]] = .string(parts[1])
        }
        if let sha256, sha256.count != 64 || !sha256.allSatisfy(\.isHexDigit) {
            throw UsageError("--sha256 takes 64 hex digits, not \"\(sha256)\"; make them with: sha256sum \(file)")
        }
        let path = session.absolute(file)
        let base = path.split(separator: "/").last.map(String.init) ?? ""
        let stem = base.lastIndex(of: ".").map { String(base[..<$0]) } ?? base
        let name = try TemplateName(repository: TemplateCatalog.importedRepository, template: name ?? stem, version: versionName)
        let metadata = values
        let sha256 = sha256
        let made = try await session.runTemplateStep("import", "import \(file) as \(name)") {
            try await catalog.store.importImage(path, as: name, metadata: metadata, sha256: sha256, events: $0)
        }
        session.finish(with: [made])
    }
}

struct TemplateVerifyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash templates again and compare.",
        discussion: """
            Without a name, all of them. Exit 2 when one is not what it was.

            Example:
              atoll template verify tiny
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "Templates.") var names: [String] = []

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        let wanted = try names.isEmpty ? catalog.store.list().map(\.name) : names.map { try catalog.candidate($0).name }
        var verified: [StoredTemplate?] = []
        var bad: [String] = []
        for name in wanted {
            do {
                verified.append(
                    try await session.runTemplateStep("verify", "verify \(name)") { try await catalog.store.verify(name, events: $0) })
            } catch let failure as PlanFailure where failure.signal == nil {
                // One bad template is no reason not to look at the others.
                bad += failure.failed.map { "\($0.title): \($0.error)" }
            }
        }
        guard bad.isEmpty else { throw EnvironmentError(.refused, bad.joined(separator: "\nerror: ")) }
        session.finish(with: verified)
    }
}

struct TemplateRemoveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a template that nothing depends on.",
        discussion: """
            Example:
              atoll template remove atoll:tiny:1
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Argument(help: "The template.") var name: String

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let candidate = try catalog.candidate(name)
        try await catalog.store.remove(candidate.name, events: nil)
        session.finish("done", ["removed": [.string(candidate.name.description)]], text: "Removed \(candidate.name)")
    }
}

struct TemplateGCVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove every template that no disk backs on.",
        discussion: """
            Examples:
              atoll template gc --dry-run
              atoll template gc
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Flag(name: .customLong("dry-run"), help: "Only say which.") var dryRun = false
    var printsEvents: Bool { !dryRun }

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let gone = try await catalog.store.collect(dryRun: dryRun)
        if dryRun, session.format == .json { return session.show(.list(gone.map { TemplateDocuments.document($0) })) }
        let lines = gone.map { "\(dryRun ? "would remove" : "removed") \($0.name) (\(ByteSize($0.realSize)))" }
        session.finish(
            "done", ["removed": .list(gone.map { .string($0.name.description) })],
            text: gone.isEmpty ? "Nothing to remove: every template is in use, or the store is empty" : lines.joined(separator: "\n"))
    }
}

extension Session {
    func catalog() throws -> TemplateCatalog { try runtime.makeCatalog(options) }

    /// Runs one template operation as a plan of one step, with its progress, and returns what came out.
    @discardableResult
    func runTemplateStep(
        _ id: String, _ title: String, _ body: @escaping @Sendable (@escaping TemplateStore.Events) async throws -> StoredTemplate
    ) async throws -> StoredTemplate? {
        let result = Produced()
        let step = Step(
            id, title, patience: .cancel,
            apply: { progress in
                result.set(
                    try await body { event in
                        let (fraction, note) = event.progress
                        progress.report(fraction, note)
                    })
            })
        try await context().run(try Plan(title.prefix(1).uppercased() + title.dropFirst(), onFailure: .keep, steps: [step]), journal: nil)
        return result.value
    }

    /// Ends a verb that made or checked templates.
    func finish(with templates: [StoredTemplate?]) {
        let all = templates.compactMap(\.self)
        let lines = all.map { "\($0.name)  \(ByteSize($0.realSize)) of \(ByteSize($0.virtualSize))  sha256 \($0.digest ?? "-")" }
        finish(
            "done", ["templates": .list(all.map { TemplateDocuments.document($0) })],
            text: lines.isEmpty ? "Nothing to verify: the store is empty" : lines.joined(separator: "\n"))
    }
}
