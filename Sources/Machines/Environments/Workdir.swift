package import AtollHostPorts
import AtollPlatform
import Glibc

/// A workdir: one directory per prefix and the link `current` (spec 3.1 to 3.3).
package struct Workdir: Sendable, Hashable {
    /// Absolute.
    package let path: String

    package init(path: String) { self.path = path }

    var currentLink: String { path + "/current" }

    /// Names of the prefixes: every sub-directory that holds one. `current` and names that start with a dot are none.
    package func prefixNames() throws -> [String] {
        try Directories.list(path).filter { name in
            !name.hasPrefix(".") && name != "current"
                && SystemCall.linkStatus(path + "/" + name).map { $0.st_mode & 0o170000 == 0o040000 } == true
                && PrefixFiles(path: path + "/" + name).isPrefix
        }
    }

    /// Whether this directory is a workdir: it holds a prefix. A link called `current` alone proves nothing; deployments have them too.
    package var exists: Bool {
        SystemCall.isDirectory(path) && !((try? prefixNames()) ?? []).isEmpty
    }

    /// What the link `current` names right now; nil when there is no such link.
    package var current: String? { SymbolicLink.target(currentLink)?.split(separator: "/").last.map(String.init) }

    /// What `current` names. A missing or dangling link is mended: `default` if there is one, else the last by name.
    /// - Throws: `.notFound` when there is no prefix at all; `.malformed` when `current` is no link.
    package func currentName() throws -> String {
        if SystemCall.exists(currentLink), SymbolicLink.target(currentLink) == nil {
            throw EnvironmentError(.malformed, "\(currentLink) should be a symbolic link to a prefix, but it is not; move it away")
        }
        let names = try prefixNames()
        if let name = current, names.contains(name) { return name }
        // Ours is the name of a neighbour. A link to anywhere else is somebody's.
        if let target = SymbolicLink.target(currentLink), target.contains("/"), Directories.real(currentLink) != Directories.real(path) {
            throw EnvironmentError(.malformed, "\(currentLink) points to \(target), which is no prefix of \(path); move it away")
        }
        guard let replacement = names.contains("default") ? "default" : names.last else {
            throw EnvironmentError(.notFound, "there is no prefix in \(path); make one with: atoll init")
        }
        try? SymbolicLink.make(currentLink, to: replacement)
        return replacement
    }

    /// Points `current` at a prefix.
    package func setCurrent(_ name: String) throws {
        guard try prefixNames().contains(name) else { throw unknown(name) }
        try SymbolicLink.make(currentLink, to: name)
    }

    /// The prefix of that name; `current` follows the link.
    package func prefix(_ name: String) throws -> PrefixFiles {
        let real = name == "current" ? try currentName() : name
        guard try prefixNames().contains(real) else { throw unknown(real) }
        return PrefixFiles(path: path + "/" + real)
    }

    /// After a prefix went: mends `current`, removes the workdir when nothing is left in it.
    package func tidy() throws {
        guard SystemCall.isDirectory(path) else { return }
        let names = try prefixNames()
        if let target = SymbolicLink.target(currentLink), !target.contains("/"), !names.contains(target) {
            try Directories.removeTree(currentLink)
        }
        if names.isEmpty {
            // rmdir refuses when the user keeps files of their own in there: those are not ours to remove.
            if try Directories.list(path).isEmpty { try Directories.removeTree(path) }
        } else {
            _ = try currentName()
        }
    }

    private func unknown(_ name: String) -> EnvironmentError {
        let names = (try? prefixNames()) ?? []
        let known = names.isEmpty ? "it holds none" : "it holds: \(names.joined(separator: ", "))"
        return EnvironmentError(.notFound, "Unable to find prefix \"\(name)\" in workdir \(path); \(known)")
    }
}
