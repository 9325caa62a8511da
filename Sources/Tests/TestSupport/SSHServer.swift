import AtollPlatform
package import AtollSSH
import Foundation
import Glibc
import Synchronization

/// A real SSH server on loopback, run as a child process and ended by deinit or with the test run.
package final class TestServer: Sendable {
    package enum Kind: Sendable { case openSSH, dropbear }

    /// Address of the server.
    package let endpoint: Endpoint
    package let hostKey: KeyPair
    /// Key that it accepts.
    package let userKey: KeyPair
    /// Directory of its files.
    package let workspace: Workspace
    private let process: pid_t

    /// Whether OpenSSH's server is installed.
    package static let hasOpenSSH = access("/usr/sbin/sshd", X_OK) == 0
    /// Whether dropbear is usable. It reads ~/.ssh/authorized_keys only, so it needs its own home in a mount namespace (root).
    package static let hasDropbear = access("/usr/sbin/dropbear", X_OK) == 0 && geteuid() == 0

    /// User that may log in: the user who runs the tests.
    package static var user: String { String(cString: getpwuid(getuid()).pointee.pw_name) }

    /// - Parameter options: additional lines of its configuration; `#Line` removes a default line.
    /// - Throws: `ServerDidNotStart`.
    package init(_ kind: Kind, userKey: KeyPair? = nil, options: [String] = []) async throws {
        workspace = try Workspace("atoll-ssh")
        hostKey = try KeyPair.ed25519(comment: "host")
        self.userKey = try userKey ?? KeyPair.ed25519(comment: "user")
        endpoint = Endpoint(host: "127.0.0.1", port: Self.freePort())
        let command =
            switch kind {
            case .openSSH: try Self.openSSH(options, endpoint, workspace, hostKey, self.userKey)
            case .dropbear: try Self.dropbear(options, endpoint, workspace, hostKey, self.userKey)
            }
        process = try Self.spawn(command, log: workspace.path + "/log")
        let port = endpoint.port
        let up = try await Blocking.run {
            let end = ContinuousClock.now + .seconds(10)
            while !Self.answers(port), ContinuousClock.now < end { poll(nil, 0, 3) }
            return Self.answers(port)
        }
        guard up else { throw ServerDidNotStart(log: log) }
    }

    deinit { Self.end(process) }

    /// One shared OpenSSH server for tests that need no special one.
    package static func shared() async throws -> TestServer { try await start.value }

    private static let start = Task { try await TestServer(.openSSH) }
    /// Resources removed at exit; the shared server lives until then.
    private static let running = Mutex<[pid_t: String]>([:])
    private static let atExit: Int32 = atexit {
        for (process, directory) in TestServer.running.withLock({ $0 }) {
            kill(process, SIGKILL)
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    /// Foundation's Process spins a run loop to wait for a child, which blocks one of Swift's few threads.
    private static func spawn(_ command: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, command[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw SystemCall.failure("start '\(command[0])'", errno: code) }
        _ = atExit
        running.withLock { $0[process] = (log as NSString).deletingLastPathComponent }
        return process
    }

    private static func end(_ process: pid_t) {
        running.withLock { _ = $0.removeValue(forKey: process) }
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    /// Output of the server.
    package var log: String { (try? String(contentsOfFile: workspace.path + "/log", encoding: .utf8)) ?? "" }

    /// A known-hosts store with its host key.
    package var known: HostKeyPolicy {
        var hosts = KnownHosts()
        hosts.add(hostKey.publicKey, hosts: [endpoint.host], port: endpoint.port)
        return .known(hosts)
    }

    /// Opens a session as `user`, with the accepted key by default.
    package func connect(key: KeyPair? = nil, password: String? = nil, hostKeys: HostKeyPolicy? = nil) async throws(SSHError) -> Session {
        let credentials = Credentials(user: Self.user, keys: [key ?? userKey], password: password)
        return try await Session.connect(to: endpoint, as: credentials, hostKeys: hostKeys ?? known, timeout: .seconds(20))
    }

    private static func openSSH(
        _ options: [String], _ endpoint: Endpoint, _ workspace: Workspace, _ hostKey: KeyPair, _ userKey: KeyPair
    ) throws -> [String] {
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        let key = try secret(workspace, "host_key", hostKey.privateText)
        let authorized = try workspace.write("authorized_keys", userKey.publicLine + "\n")
        let lines =
            [
                "Port \(endpoint.port)", "ListenAddress 127.0.0.1", "HostKey \(key)", "AuthorizedKeysFile \(authorized)", "StrictModes no",
                "UsePAM no", "PermitRootLogin yes", "PidFile none", "MaxStartups 100", "Subsystem sftp internal-sftp",
                // Not the developer's shell start-up files: they cost time and may print.
                "SetEnv HOME=\(workspace.path)",
            ].filter { line in !options.contains { $0.hasPrefix("#") && line.hasPrefix($0.dropFirst()) } } + options
        return ["/usr/sbin/sshd", "-D", "-e", "-f", try workspace.write("sshd_config", lines.joined(separator: "\n") + "\n")]
    }

    private static func dropbear(
        _ options: [String], _ endpoint: Endpoint, _ workspace: Workspace, _ hostKey: KeyPair, _ userKey: KeyPair
    ) throws -> [String] {
        let openSSHKey = try secret(workspace, "host_key", hostKey.privateText)
        let converted = workspace.path + "/dropbear_key"
        let converter = try spawn(["/usr/bin/dropbearconvert", "openssh", "dropbear", openSSHKey, converted], log: workspace.path + "/log")
        var status: Int32 = 0
        waitpid(converter, &status, 0)
        running.withLock { _ = $0.removeValue(forKey: converter) }
        let authorized = try workspace.write("home/.ssh/authorized_keys", userKey.publicLine + "\n")
        for path in [authorized, workspace.path + "/home/.ssh", workspace.path + "/home"] { chmod(path, 0o700) }
        let home = String(cString: getpwuid(getuid()).pointee.pw_dir)
        let script = try workspace.write("dropbear.sh", "mount --bind \"$1\" \"$2\" && shift 2 && exec /usr/sbin/dropbear \"$@\"\n")
        return ["/usr/bin/unshare", "-m", "/bin/sh", script, workspace.path + "/home", home]
            + ["-F", "-E", "-r", converted, "-p", "127.0.0.1:\(endpoint.port)"] + options
    }

    private static func secret(_ workspace: Workspace, _ name: String, _ text: String) throws -> String {
        let path = try workspace.write(name, text)
        chmod(path, 0o600)
        return path
    }

    /// A free loopback port below the ephemeral range, so that a connection of another test
    /// cannot take it meanwhile.
    package static func freePort() -> UInt16 {
        while true {
            let port = UInt16.random(in: 20000..<32000)
            let isFree = withSocket { descriptor in
                var address = loopback(port)
                return withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    }
                }
            }
            if isFree { return port }
        }
    }

    private static func answers(_ port: UInt16) -> Bool {
        withSocket { descriptor in
            var address = loopback(port)
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }

    private static func withSocket<T>(_ body: (Int32) -> T) -> T {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        return body(descriptor)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}

/// Output of a server that exited or did not start.
package struct ServerDidNotStart: Error { public var log: String }
