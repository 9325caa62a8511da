package import AtollHostPorts
import AtollPlatform
import Glibc

/// Finds the prefix a verb is meant for (spec 3.2).
package struct Locator: Sendable {
    /// `--prefix-path`, `--workdir-path` and `--prefix-name` as given, and where the user stands.
    package var prefixPath: String?
    package var workdirPath: String?
    package var prefixName: String
    package var workingDirectory: String
    /// Whether the registry knows a prefix at this path: one whose directory was removed by hand can still be destroyed.
    package var isRegistered: @Sendable (String) -> Bool

    package init(
        prefixPath: String? = nil, workdirPath: String? = nil, prefixName: String = "current", workingDirectory: String,
        isRegistered: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.isRegistered = isRegistered
        self.prefixPath = prefixPath
        self.workdirPath = workdirPath
        self.prefixName = prefixName
        self.workingDirectory = workingDirectory
    }

    /// Our own name first: an existing `.lago` is used where there is no `.atoll`.
    package static let workdirNames = [".atoll", ".lago"]

    /// A found prefix; `workdir` is nil in prefix mode when the parent is no workdir.
    package struct Found: Sendable {
        package var workdir: Workdir?
        package var files: PrefixFiles

        package init(workdir: Workdir?, files: PrefixFiles) {
            self.workdir = workdir
            self.files = files
        }
    }

    /// The prefix the options and the working directory name.
    package func prefix() throws -> Found {
        if let prefixPath { return try searchPrefix(from: absolute(prefixPath)) }
        if workdirPath == nil, SystemCall.exists(workingDirectory + "/initialized"), PrefixFiles(path: workingDirectory).isPrefix {
            return found(at: Directories.real(workingDirectory))
        }
        let workdir = try self.workdir()
        return Found(workdir: workdir, files: try workdir.prefix(prefixName))
    }

    /// The workdir the options and the working directory name.
    package func workdir() throws -> Workdir {
        if let found = namedWorkdir() { return Workdir(path: Directories.real(found)) }
        let start = absolute(workdirPath ?? workingDirectory)
        if SystemCall.isDirectory(start), access(start, R_OK | X_OK) != 0 { throw PrefixAccess.refusal(start) }
        throw EnvironmentError(.notFound, "Unable to find workdir in \(start)\(suggestions(in: start)); make one with: atoll init")
    }

    /// The link by which the workdir was found, when it is one.
    package func workdirLink() -> String? {
        namedWorkdir().flatMap { SymbolicLink.target($0) == nil ? nil : $0 }
    }

    /// `--prefix-path` itself, when it is a link.
    package func prefixLink() -> String? {
        prefixPath.map(absolute).flatMap { SymbolicLink.target($0) == nil ? nil : $0 }
    }

    /// The path under which the workdir is found, links not followed.
    private func namedWorkdir() -> String? {
        let start = absolute(workdirPath ?? workingDirectory)
        if Workdir(path: start).exists { return start }
        for directory in ancestors(of: start) {
            for name in Self.workdirNames {
                let candidate = directory + "/" + name
                if Workdir(path: candidate).exists { return candidate }
            }
        }
        return nil
    }

    /// Where `init` makes its workdir when none is named: an existing one of either name, else `.atoll`.
    package func defaultWorkdirForInit() -> String {
        if let workdirPath { return absolute(workdirPath) }
        let base = workingDirectory == "/" ? "" : workingDirectory
        let lago = base + "/.lago"
        let own = base + "/.atoll"
        return !SystemCall.exists(own) && Workdir(path: lago).exists ? lago : own
    }

    private func searchPrefix(from start: String) throws -> Found {
        if PrefixFiles(path: start).isPrefix { return found(at: Directories.real(start)) }
        if !SystemCall.exists(start), isRegistered(start) { return found(at: start) }
        for directory in ancestors(of: start) {
            for name in Self.workdirNames where PrefixFiles(path: "\(directory)/\(name)").isPrefix {
                return found(at: Directories.real("\(directory)/\(name)"))
            }
        }
        throw EnvironmentError(.notFound, "Unable to find prefix for \(start); name one with --prefix-path, or make one with: atoll init")
    }

    private func found(at path: String) -> Found {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
        let workdir = Workdir(path: parent.isEmpty ? "/" : parent)
        return Found(workdir: SymbolicLink.target(workdir.currentLink) != nil ? workdir : nil, files: PrefixFiles(path: path))
    }

    private func absolute(_ path: String) -> String { Directories.absolute(path, relativeTo: workingDirectory) }

    private func ancestors(of start: String) -> [String] {
        var result: [String] = []
        var path = start
        while path != "/" && !path.isEmpty {
            result.append(path)
            path = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        }
        return result
    }

    private func suggestions(in directory: String) -> String {
        let children = ((try? Directories.list(directory)) ?? []).filter { name in
            let base = directory + "/" + name
            return Workdir(path: base).exists || Self.workdirNames.contains { Workdir(path: base + "/" + $0).exists }
        }
        return children.isEmpty
            ? ""
            : "\nFound possible workdirs in: \(children.map { directory + "/" + $0 }.joined(separator: ", ")); name one with --workdir-path"
    }
}
