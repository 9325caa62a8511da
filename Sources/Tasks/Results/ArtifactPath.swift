import AtollPlatform

/// Whether a file that a result names is one of its run's artifacts.
package enum ArtifactPath {
    /// The path of `artifact` below `directory` by its text alone, `.` and `..` taken out; nil for what is not below it. Without a
    /// directory only relative paths are below.
    package static func relative(_ artifact: String, to directory: String?) -> String? {
        guard directory != nil || !artifact.hasPrefix("/") else { return nil }
        let base = Directories.absolute(directory ?? "/artifacts", relativeTo: "/")
        return below(Directories.absolute(artifact, relativeTo: base), base)
    }

    /// The same for files that exist, with every symbolic link followed: a link that leads out of the directory is not below it.
    /// - Returns: the path below the directory as the result names it, for URLs; nil when the file is missing or outside.
    package static func existing(_ artifact: String, in directory: String) -> String? {
        let base = Directories.absolute(directory, relativeTo: Directories.working())
        let path = (artifact.hasPrefix("/") ? "" : base + "/") + artifact
        guard SystemCall.status(path) != nil else { return nil }
        let real = Directories.real(path)
        guard let resolved = below(real, Directories.real(base)) else { return nil }
        return relative(artifact, to: base) ?? resolved
    }

    /// Compared part by part: `/a/b-evil` is not below `/a/b`.
    private static func below(_ path: String, _ base: String) -> String? {
        let (parts, start) = (path.split(separator: "/"), base.split(separator: "/"))
        guard parts.count > start.count, parts.starts(with: start) else { return nil }
        return parts.dropFirst(start.count).joined(separator: "/")
    }
}
