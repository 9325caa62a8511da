package import AtollSettings
package import AtollModel
import Glibc

/// A directory that runs need.
package struct TaskDirectory: Sendable, Equatable {
    /// The option that names it.
    package var key: String
    /// Absolute.
    package var path: String
    package var source: Settings.Source
    /// Permissions it is made with.
    package var mode: UInt32
    /// Made with room for every user, like /tmp; the last of the directories above `path`.
    package var isParentShared = false
}

extension TaskSettings {
    /// The directories a run needs, none of them made yet.
    package var directories: [TaskDirectory] {
        func directory(_ key: String, _ path: String, mode: UInt32 = 0o755, shared: Bool = false) -> TaskDirectory {
            TaskDirectory(key: key, path: path, source: source(of: key), mode: mode, isParentShared: shared)
        }
        let isOwn = source(of: "tmpdir") == .builtIn
        var directories = [
            directory("tmpdir", userTmpdir, mode: 0o700, shared: isOwn), directory("artifactsdir", artifactsdir),
            directory("cachedir", cachedir),
        ]
        if logFileEnabled { directories.append(directory("logdir", logdir)) }
        return directories
    }

    /// Makes the directories that are missing, and what is above them. Throws a finding for each that cannot be.
    package func prepareDirectories() throws(InvalidInput) {
        var findings: [Diagnostic] = []
        for directory in directories {
            guard let problem = directory.make() else { continue }
            let origin = directory.source == .builtIn ? "the built-in default" : "set by \(directory.source)"
            findings.append(
                Diagnostic(
                    .error, file: TaskSettings.fileName, position: nil, path: .keys(directory.key),
                    message: "\(problem) (\(origin)); create it manually, or set \(directory.key) to a directory of yours"))
        }
        guard findings.isEmpty else { throw InvalidInput(findings) }
    }
}

extension TaskDirectory {
    /// nil when it is there and usable.
    fileprivate func make() -> String? {
        var done = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            done += "/" + part
            let isLast = index == parts.count - 1
            let isShared = isParentShared && index == parts.count - 2
            if mkdir(done, isLast ? mode_t(mode) : 0o755) == 0 {
                // Not left to the umask: others' runs need it too.
                if isShared { chmod(done, 0o1777) }
                continue
            }
            let code = errno
            var status = stat()
            guard stat(done, &status) == 0 else { return "\(done) cannot be made: \(String(cString: strerror(code)))" }
            guard status.st_mode & S_IFMT == S_IFDIR else { return "\(done) cannot be made: there is a file of that name" }
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return "\(path) cannot be looked at: \(String(cString: strerror(errno)))" }
        // Commands of tasks lie and run there: whoever owns it, or what it lies in, could put others in their place.
        if key == "tmpdir" {
            guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o002 == 0 else {
                return "\(path) belongs to another user, is a link, or everybody may write to it"
            }
            let parent = "/" + parts.dropLast().joined(separator: "/")
            var (link, above) = (stat(), stat())
            guard lstat(parent, &link) == 0, stat(parent, &above) == 0, [0, geteuid()].contains(link.st_uid),
                [0, geteuid()].contains(above.st_uid), above.st_mode & 0o002 == 0 || above.st_mode & S_ISVTX != 0
            else { return "\(parent) lets another user replace \(path)" }
        }
        guard access(path, W_OK | X_OK) == 0 else { return "\(path) cannot be written to: \(String(cString: strerror(errno)))" }
        return nil
    }
}
