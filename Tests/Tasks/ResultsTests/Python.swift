import AtollTestSupport
import Foundation
import Glibc

/// Readers of another language, where there is one on this machine.
enum Python {
    static let isPresent = access("/usr/bin/python3", X_OK) == 0
    static let hasYAML = isPresent && (try? run("import yaml; print(yaml.safe_load('a'))", input: "")) == "a\n"

    /// What a program writes to stdout. Without Foundation's Process, which spins a run loop on one of Swift's few threads.
    static func run(_ program: String, input: String) throws -> String {
        let workspace = try Workspace("atoll-results")
        let out = workspace.path + "/out"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, try workspace.write("in", input), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let command = ["/usr/bin/python3", "-I", "-X", "utf8", "-c", program]
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        guard posix_spawn(&process, command[0], &actions, nil, &arguments, environ) == 0 else { return "" }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return try String(contentsOfFile: out, encoding: .utf8)
    }
}
