import AtollDocuments
package import AtollModel
import AtollPlatform
import Foundation
package import OrderedCollections

/// An image recipe that ships with the product, as the catalog needs it.
package struct RecipeSummary: Sendable, Equatable {
    package var name: String
    /// Version of the templates it builds.
    package var version: String
    /// Digest over everything the recipe consists of: another one means that a built template is out of date.
    package var digest: String
    package var metadata: OrderedDictionary<String, Value>
    /// About how much disk the image will take, for a look at the room before it is built.
    package var imageBytes: Int64

    package init(
        name: String, version: String, digest: String, metadata: OrderedDictionary<String, Value> = [:], imageBytes: Int64 = 0
    ) {
        self.imageBytes = imageBytes
        self.name = name
        self.version = version
        self.digest = digest
        self.metadata = metadata
    }
}

/// Builds templates from recipes. The catalog asks it when a repository's source is of type `build`.
package protocol RecipeBuilder: Sendable {
    /// - Throws: when there is no such recipe, naming those there are.
    func summary(of recipe: String) throws -> RecipeSummary
    /// Writes the image (qcow2 or raw) to the new file `path`; returns metadata to add to the recipe's.
    func build(_ recipe: String, to path: String, line: @escaping @Sendable (String) -> Void) async throws -> OrderedDictionary<
        String, Value
    >
}

/// From the name in an init file to a verified image in the store: one repository, the store and the recipes together.
package struct TemplateCatalog: Sendable {
    package let repository: Repository
    package let store: TemplateStore
    private let builder: (any RecipeBuilder)?

    /// Repository name of images that were imported by hand.
    package static let importedRepository = "local"

    /// - Parameter builder: nil when recipes cannot be built here.
    package init(repository: Repository, store: TemplateStore, builder: (any RecipeBuilder)? = nil) {
        self.repository = repository
        self.store = store
        self.builder = builder
    }

    /// A template that can be used now, and what its user should know.
    package struct Resolved: Sendable, Equatable {
        package var template: StoredTemplate
        package var warnings: [String] = []
    }

    /// What a name means, before anything is fetched.
    package struct Candidate: Sendable, Equatable {
        package var name: TemplateName
        package var source: Repository.Source
        package var handle: String
        /// What the store holds under this name.
        package var stored: StoredTemplate?
    }

    /// Finds out what `template` means; fetches nothing. The repository comes first, then images imported by hand.
    /// - Parameter version: the latest when nil.
    /// - Throws: `.unknownTemplate`, `.unknownVersion` naming what there is; `.invalidName`.
    package func candidate(_ template: String, version: String? = nil) throws -> Candidate {
        if let name = TemplateName(template), let stored = store.find(name) {
            return Candidate(name: name, source: .file(root: store.directory), handle: name.description, stored: stored)
        }
        do {
            let (found, source) = try offered(template, version)
            var storedVersion = found.name
            if case .build(let recipe) = source, let builder {
                storedVersion = try builder.summary(of: recipe ?? found.handle).version
            }
            let name = try TemplateName(repository: repository.name, template: template, version: storedVersion)
            return Candidate(name: name, source: source, handle: found.handle, stored: store.find(name))
        } catch let error as TemplateError where error.code == .unknownTemplate || error.code == .unknownVersion {
            let imported = try store.list().filter {
                $0.name.repository == Self.importedRepository && $0.name.template == template
                    && (version == nil || $0.name.version == version)
            }
            guard let latest = imported.max(by: { ($0.record?.added ?? .distantPast) < ($1.record?.added ?? .distantPast) }) else {
                throw error
            }
            return Candidate(name: latest.name, source: .file(root: store.directory), handle: latest.name.description, stored: latest)
        }
    }

    /// The template, ready for use: from the store when it is there (looked at, and hashed again if anything about it moved), else
    /// fetched or built first. One that is damaged is had again, with a warning, when nothing backs on it.
    package func resolve(_ template: String, version: String? = nil, events: TemplateStore.Events? = nil) async throws -> Resolved {
        let candidate = try candidate(template, version: version)
        guard candidate.stored != nil else { return Resolved(template: try await bring(candidate, events: events)) }
        do {
            let stored = try await store.ensureBound(candidate.name, events: events)
            return Resolved(template: stored, warnings: [note(on: candidate)].compactMap(\.self))
        } catch let error as TemplateError where error.code == .changed {
            return Resolved(template: try await remake(candidate, after: error, events: events))
        }
    }

    /// Whether a template that is damaged in the store can be had again here: from its recipe, or a file that is there.
    package func canRemake(_ candidate: Candidate) -> Bool { origin(of: candidate) != nil }

    private func remake(_ candidate: Candidate, after error: TemplateError, events: TemplateStore.Events?) async throws -> StoredTemplate {
        guard let origin = origin(of: candidate) else { throw error }
        events?(.warning("\(error.message); it is made anew"))
        do { return try await bring(origin, replacing: .damaged, events: events) } catch let other as TemplateError
            where other.code == .inUse
        {
            throw TemplateError(.changed, "\(error.message). It is not made anew: \(other)")
        }
    }

    /// What the repository offers under the name of a stored template; nil when it cannot be had from there.
    private func origin(of candidate: Candidate) -> Candidate? {
        guard let offered = offer(of: candidate.name) else { return nil }
        switch offered.source {
        case .file(let root): return SystemCall.exists(place(root, offered.handle)) ? offered : nil
        case .build: return builder == nil ? nil : offered
        case .http: return nil
        }
    }

    /// What the repository offers under this very name now.
    private func offer(of name: TemplateName) -> Candidate? {
        guard name.repository == repository.name, let found = try? candidate(name.template, version: name.version), found.name == name
        else { return nil }
        if case .file(let root) = found.source, root == store.directory { return nil }
        return found
    }

    /// Fetches or builds on request: what is in the store already is only verified, and a repository that offers other bytes under the
    /// same version is an error.
    package func fetch(_ template: String, version: String? = nil, events: TemplateStore.Events? = nil) async throws -> StoredTemplate {
        let candidate = try candidate(template, version: version)
        guard candidate.stored != nil else { return try await bring(candidate, events: events) }
        if case .file = candidate.source, let note = note(on: candidate) {
            throw TemplateError(.changed, note)
        }
        return try await store.ensureBound(candidate.name, events: events)
    }

    /// Builds a recipe's template anew; one in the store that nothing backs on makes way.
    package func build(_ template: String, events: TemplateStore.Events? = nil) async throws -> StoredTemplate {
        let candidate = try candidate(template)
        guard case .build = candidate.source else {
            throw TemplateError(
                .unsupportedSource,
                "template \(template) of repo \(repository.name) is not built from a recipe; fetch it: atoll template fetch \(template)")
        }
        return try await bring(candidate, replacing: .always, events: events)
    }

    /// What has moved at the origin of a stored template: the repository's hash for this version, or the recipe. nil when nothing has.
    package func note(on candidate: Candidate) -> String? {
        guard let record = candidate.stored?.record else { return nil }
        switch candidate.source {
        // Named in full: what the repository says of it is looked up only now.
        case .file(store.directory): return offer(of: candidate.name).flatMap { note(on: $0) }
        case .file(let root):
            guard let promised = Self.promise(at: place(root, candidate.handle)) else { return nil }
            let found = promised.count == 64 ? record.source.sha256 : record.source.sha1
            guard promised != found else { return nil }
            return
                "repo \(repository.name) has another image for \(candidate.name) now: its hash is \(promised), the one in the store has \(found)."
                + " To get it: atoll template remove \(candidate.name), then fetch again"
        case .build(let recipe):
            guard let builder, let now = try? builder.summary(of: recipe ?? candidate.handle).digest, now != record.recipeDigest else {
                return nil
            }
            return
                "the recipe of \(candidate.name) changed since it was built; to follow it: atoll template build \(candidate.name.template)"
        case .http: return nil
        }
    }

    /// The same for a template of the store: nil for one that is not of this repository, or that it no longer offers.
    package func note(on stored: StoredTemplate) -> String? {
        guard stored.record != nil else {
            return "template \(stored.name) came without our digests; it is taken as it is at its first use, or now: atoll template verify "
                + "\(stored.name)"
        }
        return offer(of: stored.name).flatMap { note(on: $0) }
    }

    private func offered(_ template: String, _ version: String?) throws -> (Repository.Version, Repository.Source) {
        var found: Repository.Version
        do { found = try repository.version(version, of: template) } catch let error as TemplateError where error.code == .unknownVersion {
            // A recipe gives its templates their version; the key in the repository file is only a label.
            let latest = try repository.version(nil, of: template)
            guard case .build(let recipe) = repository.sources[latest.source], let builder,
                try builder.summary(of: recipe ?? latest.handle).version == version
            else { throw error }
            found = latest
        }
        guard let source = repository.sources[found.source] else {
            throw TemplateError(.unknownRepository, "repo \(repository.name) (\(repository.path)) has no source \(found.source)")
        }
        return (found, source)
    }

    private func bring(_ candidate: Candidate, replacing: TemplateStore.Replacing = .never, events: TemplateStore.Events?) async throws
        -> StoredTemplate
    {
        switch candidate.source {
        case .http(let base):
            throw TemplateError(
                .unsupportedSource,
                "template \(candidate.name) is at \(base)\(base.hasSuffix("/") ? "" : "/")\(candidate.handle): images on the web are not supported by"
                    + " this version. Get it yourself, then: atoll template import FILE --name \(candidate.name.template)")
        case .file(let root):
            let file = place(root, candidate.handle)
            guard SystemCall.exists(file) else {
                throw TemplateError(
                    .missing,
                    "template \(candidate.name) of repo \(repository.name) (\(repository.path)) should be at \(file), which does not exist")
            }
            let metadata = try Self.metadata(beside: file)
            let promised = Self.promise(at: file)
            if promised == nil { events?(.warning("\(file) has no .hash beside it: the image is taken as it is")) }
            let incoming = Incoming(
                .file(file), sha1: promised.flatMap { $0.count == 40 ? $0 : nil },
                sha256: promised.flatMap { $0.count == 64 ? $0 : nil } ?? metadata["sha256"]?.text, metadata: metadata)
            return try await store.publish(candidate.name, incoming, replacing: replacing, events: events)
        case .build(let named):
            let recipe = named ?? candidate.handle
            guard let builder else {
                throw TemplateError(
                    .buildFailed,
                    "template \(candidate.name) is built from the recipe \(recipe), and no recipes were found; set ATOLL_SHARE")
            }
            let summary = try builder.summary(of: recipe)
            let incoming = Incoming(
                .made(label: "recipe \(recipe)", bytes: summary.imageBytes) { path in
                    try await builder.build(recipe, to: path) { events?(.building($0)) }
                }, metadata: summary.metadata, recipeDigest: summary.digest)
            return try await store.publish(candidate.name, incoming, replacing: replacing, events: events)
        }
    }

    /// Relative roots are relative to the directory of this process, as they always were; where there is none, to the repository file's.
    private func place(_ root: String, _ handle: String) -> String {
        let here = Directories.absolute(root, relativeTo: Directories.working())
        if root.hasPrefix("/") || SystemCall.isDirectory(here) { return here + "/" + handle }
        let file = Directories.absolute(repository.path, relativeTo: Directories.working())
        return Directories.absolute(root + "/" + handle, relativeTo: Directories.absolute("..", relativeTo: file))
    }

    /// The hash beside an image: the first word of `.hash`, in lower case; nil when there is none.
    private static func promise(at file: String) -> String? {
        (try? AtomicFile.text(file + ".hash", limit: 4096))?.split(whereSeparator: \.isWhitespace).first?.lowercased()
    }

    private static func metadata(beside file: String) throws -> OrderedDictionary<String, Value> {
        let path = file + ".metadata"
        guard SystemCall.exists(path) else { return [:] }
        let text = try AtomicFile.text(path, limit: 1 << 20)
        let (value, places) = try ValueJSON.parseLocated(text, file: path)
        guard let members = value.members else {
            throw InvalidInput([Diagnostic(.error, at: FieldPath(), in: places, "metadata is a mapping, this is \(value.kind)")])
        }
        return members
    }
}
