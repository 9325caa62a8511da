import AtollPlatform

/// A directory of repository files, in which a repository is found by the `name` inside its file (spec 1.3).
package struct RepositoryFolder: Sendable {
    private let path: String

    package init(_ path: String) { self.path = path }

    /// The file of the repository called `name`, looked for in all `*.json` below the directory.
    /// - Throws: `.unknownRepository` naming those there are.
    package func path(named name: String) throws -> String {
        var names: [String] = []
        for file in try files(below: path) {
            guard let repository = try? Repository.load(file) else { continue }
            if repository.name == name { return file }
            names.append(repository.name)
        }
        let known = names.isEmpty ? "there is none" : "there are: \(names.sorted().joined(separator: ", "))"
        throw TemplateError(.unknownRepository, "there is no template repository called \(name) in \(path); \(known)")
    }

    private func files(below directory: String) throws -> [String] {
        try Directories.list(directory).flatMap { name -> [String] in
            let entry = directory + "/" + name
            if SymbolicLink.target(entry) == nil, SystemCall.isDirectory(entry) { return try files(below: entry) }
            return name.hasSuffix(".json") ? [entry] : []
        }
    }
}
