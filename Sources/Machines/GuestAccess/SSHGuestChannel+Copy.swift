import AtollCommands
import AtollSSH
import Foundation
import Glibc

extension SSHGuestChannel {
    package func push(_ local: String, to remote: String) async throws {
        try await explained {
            let session = try await session()
            var target = remote
            if try await succeeds("test -d \(ShellWord.quoted(remote))", session) { target = Self.inside(remote, local) }
            guard let tree = LocalTree(local) else { throw SSHError(.local, "\(local): no such file or directory") }
            for directories in Self.batches(tree.directories.map { Self.joined(target, $0) }) {
                try await require("mkdir -p -- " + ShellWord.joined(directories), session)
            }
            for file in tree.files {
                try await send(Self.joined(local, file.path), to: Self.joined(target, file.path), mode: file.mode, session)
            }
        }
    }

    package func pull(_ remote: String, to local: String) async throws {
        try await explained {
            let session = try await session()
            let base = Self.isDirectory(local) ? Self.inside(local, remote) : local
            guard try await succeeds("test -d \(ShellWord.quoted(remote))", session) else {
                return try await receive(remote, to: base, executable: false, session)
            }
            let directories = try await listed(remote, "-type d", session)
            let executables = Set(try await listed(remote, "-type f -perm -100", session))
            for path in directories { try Self.makeDirectory(Self.joined(base, path)) }
            for path in try await listed(remote, "-type f", session) {
                try await receive(
                    Self.joined(remote, path), to: Self.joined(base, path), executable: executables.contains(path), session)
            }
        }
    }

    private func send(_ local: String, to remote: String, mode: UInt32, _ session: Session) async throws {
        let file = open(local, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SSHError(.local, "cannot read \(local)", cause: String(cString: strerror(errno))) }
        defer { Glibc.close(file) }
        if try await bySFTP({ () throws(SSHError) in try await session.upload(from: file, to: remote, mode: mode) }) { return }
        let path = ShellWord.quoted(remote)
        try await require("cat > \(path) && chmod \(String(mode, radix: 8)) \(path)", input: .descriptor(file), session)
    }

    private func receive(_ remote: String, to local: String, executable: Bool, _ session: Session) async throws {
        let file = open(local, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, executable ? 0o777 : 0o666)
        guard file >= 0 else { throw SSHError(.local, "cannot write \(local)", cause: String(cString: strerror(errno))) }
        defer { Glibc.close(file) }
        let target = LocalTerminal(input: -1, output: file, error: -1)
        let whole = try await bySFTP { () throws(SSHError) in
            try await session.download(remote) { piece in try target.write(.standardOutput, piece) }
        }
        if whole { return }
        let errors = CapturedOutput(limit: 4096)
        let exit = try await session.run(Command("cat -- \(ShellWord.quoted(remote))")) { channel, bytes in
            if channel == .standardOutput { try target.write(channel, bytes) } else { errors.append(.errors, bytes) }
        }
        if exit.code != 0 { throw SSHError(.remoteFile, "cannot read \(remote)", cause: GuestText.tail(errors.text(.errors), lines: 1)) }
    }

    /// Whether `body` did it; false when the guest has no SFTP, which it is asked once only. Nothing has been copied then.
    private func bySFTP(_ body: () async throws(SSHError) -> Void) async throws(SSHError) -> Bool {
        guard offersSFTP else { return false }
        do throws(SSHError) { try await body() } catch {
            guard error.code == .channel else { throw error }
            offersSFTP = false
        }
        return offersSFTP
    }

    /// Paths below `directory` in the guest that `find` lists, relative to it ("" is itself), parents first.
    private func listed(_ directory: String, _ filter: String, _ session: Session) async throws -> [String] {
        let root = directory.hasSuffix("/") ? directory : directory + "/"
        let (exit, output, errors) = try await session.capture(
            "cd -- \(ShellWord.quoted(root)) && find -L . \(filter) -print0", limit: 256 << 20)
        guard exit.code == 0 || !output.isEmpty else {
            throw SSHError(
                .remoteFile, "cannot list \(directory)", cause: GuestText.tail(String(decoding: errors, as: UTF8.self), lines: 1))
        }
        return output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.compactMap { path in
            if path == "." { return "" }
            let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
            // The guest's word is not to be trusted: nothing it lists may leave the directory copied to.
            return relative.hasPrefix("/") || relative.split(separator: "/").contains("..") ? nil : relative
        }.sorted()
    }

    private func succeeds(_ command: String, _ session: Session) async throws -> Bool { try await session.capture(command).exit.code == 0 }

    private func require(_ command: String, input: Input = .none, _ session: Session) async throws {
        let (exit, _, errors) = try await session.capture(command, input: input)
        guard exit.code != 0 else { return }
        let words = GuestText.tail(String(decoding: errors, as: UTF8.self), lines: 1)
        throw SSHError(.remoteFile, "copying failed in the guest with status \(exit.code)", cause: words.isEmpty ? nil : words)
    }

    private static func joined(_ base: String, _ path: String) -> String {
        path.isEmpty ? base : base.hasSuffix("/") ? base + path : base + "/" + path
    }

    private static func inside(_ directory: String, _ source: String) -> String {
        let name = source.split(separator: "/").last.map(String.init) ?? ""
        return name.isEmpty || name == "." || name == ".." ? directory : joined(directory, name)
    }

    /// So many paths that a command line holds them.
    private static func batches(_ paths: [String]) -> [[String]] {
        stride(from: 0, to: paths.count, by: 100).map { Array(paths[$0..<min($0 + 100, paths.count)]) }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var state = stat()
        return stat(path, &state) == 0 && state.st_mode & S_IFMT == S_IFDIR
    }

    private static func makeDirectory(_ path: String) throws(SSHError) {
        if mkdir(path, 0o777) != 0, !isDirectory(path) {
            throw SSHError(.local, "cannot make the directory \(path)", cause: String(cString: strerror(errno)))
        }
    }
}

/// A local file or directory tree as it is to be copied: links followed, devices and sockets left out.
private struct LocalTree {
    /// Relative to the tree's root, parents first; "" is the root itself.
    var directories: [String] = []
    var files: [(path: String, mode: UInt32)] = []

    init?(_ root: String) {
        guard let state = Self.status(root) else { return nil }
        if state.st_mode & S_IFMT != S_IFDIR {
            files = [("", state.st_mode & 0o777)]
            return
        }
        var visited: Set<[UInt64]> = []
        walk(root, "", &visited)
    }

    /// A link to a directory above itself would make the tree endless, so each directory is entered once on a path.
    private mutating func walk(_ root: String, _ relative: String, _ visited: inout Set<[UInt64]>) {
        let here = relative.isEmpty ? root : root + "/" + relative
        guard let state = Self.status(here), visited.insert([UInt64(state.st_dev), UInt64(state.st_ino)]).inserted else { return }
        directories.append(relative)
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: here)) ?? []).sorted() {
            let path = relative.isEmpty ? name : relative + "/" + name
            guard let state = Self.status(root + "/" + path) else { continue }
            switch state.st_mode & S_IFMT {
            case S_IFDIR: walk(root, path, &visited)
            case S_IFREG: files.append((path, state.st_mode & 0o777))
            default: continue
            }
        }
        visited.remove([UInt64(state.st_dev), UInt64(state.st_ino)])
    }

    private static func status(_ path: String) -> stat? {
        var state = stat()
        return stat(path, &state) == 0 ? state : nil
    }
}
