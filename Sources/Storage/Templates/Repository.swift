import AtollDocuments
import AtollModel
import AtollPlatform
package import OrderedCollections

/// A repository of templates, as its JSON file describes it (spec 4.1).
package struct Repository: Sendable, Equatable {
    /// Where images come from.
    package enum Source: Sendable, Equatable {
        /// Files below a directory; variables in it are expanded.
        case file(root: String)
        /// Known, not fetched from by this version.
        case http(baseURL: String)
        /// An image recipe that ships with the product; its name, or nil for the handle's.
        case build(recipe: String?)
    }

    /// One version of a template.
    package struct Version: Sendable, Equatable {
        package var name: String
        /// A key of `sources`.
        package var source: String
        /// Path of the image relative to its source.
        package var handle: String
        /// Seconds since 1970; the greatest is the latest.
        package var timestamp: Double
    }

    package var name: String
    /// The file it was read from.
    package var path: String
    package var sources: OrderedDictionary<String, Source>
    /// Template name to its versions, in file order.
    package var templates: OrderedDictionary<String, [Version]>

    /// The version asked for, or the one with the greatest timestamp.
    /// - Throws: `.unknownTemplate` or `.unknownVersion`, naming what there is.
    package func version(_ version: String?, of template: String) throws -> Version {
        guard let versions = templates[template], let latest = versions.max(by: { $0.timestamp < $1.timestamp }) else {
            let hint = Spelling.suggestion(for: template, among: Array(templates.keys)).map { "; did you mean \($0)?" } ?? ""
            let names = templates.isEmpty ? "it has none" : "it has " + templates.keys.sorted().joined(separator: ", ")
            throw TemplateError(.unknownTemplate, "Image \(template) doesn't exist in repo \(name) (\(path)): \(names)\(hint)")
        }
        guard let version else { return latest }
        guard let found = versions.first(where: { $0.name == version }) else {
            throw TemplateError(
                .unknownVersion,
                "Image \(template) has no version \(version) in repo \(name) (\(path)): it has \(versions.map(\.name).sorted().joined(separator: ", "))"
            )
        }
        return found
    }

    /// Reads a repository file.
    /// - Parameter variables: for `$VAR` and `${VAR}` in a file source's root; unknown ones stay as they are.
    /// - Throws: `InvalidInput` with the place of everything wrong; `TemplateError` when the file cannot be read.
    package static func load(_ path: String, variables: [String: String] = [:]) throws -> Repository {
        if path.hasPrefix("http://") || path.hasPrefix("https://") {
            throw TemplateError(
                .unsupportedSource,
                "Unable to load repo from \(path): repositories on the web are not supported by this version; copy the file and its images here"
                    + " and name the copy with --template-repo-path")
        }
        let text: String
        do { text = try AtomicFile.text(path, limit: 16 << 20) } catch {
            throw TemplateError(.unknownRepository, "Unable to load repo from \(path): \(error); name another with --template-repo-path")
        }
        return try parse(text, path: path, variables: variables)
    }

    /// Reads the text of a repository file.
    package static func parse(_ text: String, path: String, variables: [String: String] = [:]) throws -> Repository {
        var reader = RepositoryReader(path: path, variables: variables)
        return try reader.read(text)
    }
}

/// Turns the JSON tree into a repository, collecting everything that is wrong with it.
private struct RepositoryReader {
    let path: String
    let variables: [String: String]
    var places = SourceMap(file: "")
    var errors: [Diagnostic] = []

    init(path: String, variables: [String: String]) {
        self.path = path
        self.variables = variables
    }

    mutating func read(_ text: String) throws -> Repository {
        let (tree, map) = try ValueJSON.parseLocated(text, file: path)
        places = map
        var repository = Repository(name: "", path: path, sources: [:], templates: [:])
        guard tree.members != nil else {
            throw InvalidInput([Diagnostic(.error, at: FieldPath(), in: map, "a repository is a mapping, this is \(tree.kind)")])
        }
        repository.name = self.text(tree, "name", FieldPath()) ?? ""
        if !repository.name.isEmpty {
            do { _ = try TemplateName(repository: repository.name, template: "t", version: "v") } catch { fail(.keys("name"), "\(error)") }
        }
        for (name, source) in members(tree, "sources") { repository.sources[name] = self.source(source, .keys("sources", name)) }
        for (name, template) in members(tree, "templates") {
            let at = FieldPath.keys("templates", name)
            guard template["versions"]?.members?.isEmpty == false else {
                fail(at, "a template wants “versions”, a mapping with at least one version")
                continue
            }
            repository.templates[name] = members(template, "versions", at).compactMap {
                version($0.value, named: $0.key, of: name, at.appending("versions").appending($0.key), repository)
            }
        }
        if !errors.isEmpty { throw InvalidInput(errors) }
        return repository
    }

    private mutating func source(_ value: Value, _ at: FieldPath) -> Repository.Source? {
        let arguments = value["args"] ?? .map([:])
        let inside = at.appending("args")
        guard let type = text(value, "type", at) else { return nil }
        switch type {
        case "file":
            guard let root = text(arguments, "root", inside) else { return nil }
            return .file(root: Expansion.expand(root, variables: variables))
        case "http": return text(arguments, "baseurl", inside).map { .http(baseURL: $0) }
        case "build": return .build(recipe: arguments["recipe"]?.text)
        default:
            fail(at.appending("type"), "unknown source type “\(type)”; file, http and build are known")
            return nil
        }
    }

    private mutating func version(
        _ value: Value, named version: String, of template: String, _ at: FieldPath, _ repository: Repository
    ) -> Repository.Version? {
        guard let source = text(value, "source", at), let handle = text(value, "handle", at) else { return nil }
        guard let timestamp = value["timestamp"]?.text.flatMap(Double.init) else {
            fail(at.appending("timestamp"), "a number of seconds is wanted, this is \(value["timestamp"]?.kind ?? "missing")")
            return nil
        }
        do { _ = try TemplateName(repository: "r", template: template, version: version) } catch {
            fail(at, "\(error)")
            return nil
        }
        if handle.hasPrefix("/") || handle.split(separator: "/").contains("..") {
            fail(at.appending("handle"), "“\(handle)” leaves the directory of its source")
            return nil
        }
        if repository.sources[source] == nil, places.positions[.keys("sources", source)] == nil {
            fail(at.appending("source"), "there is no source “\(source)”; the file has \(repository.sources.keys.joined(separator: ", "))")
            return nil
        }
        return Repository.Version(name: version, source: source, handle: handle, timestamp: timestamp)
    }

    private mutating func text(_ value: Value, _ key: String, _ at: FieldPath) -> String? {
        if let text = value[key]?.text, !text.isEmpty { return text }
        fail(at.appending(key), value[key] == nil ? "“\(key)” is missing" : "text is wanted, this is \(value[key]?.kind ?? "")")
        return nil
    }

    private mutating func members(_ value: Value, _ key: String, _ at: FieldPath = FieldPath()) -> OrderedDictionary<String, Value> {
        guard let member = value[key], member != .null else { return [:] }
        if let members = member.members { return members }
        fail(at.appending(key), "a mapping is wanted, this is \(member.kind)")
        return [:]
    }

    private mutating func fail(_ at: FieldPath, _ message: String) { errors.append(Diagnostic(.error, at: at, in: places, message)) }
}
