import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

/// The product as somebody uses it who runs tasks: everything it writes lies in the workspace.
struct TaskProduct {
    let product: Product
    let workspace: Workspace

    static let examples = "\(Product.root)/init-examples/tasks"
    /// What every run about an item is about here.
    static let item = ["-i", "foo-1.2-3.fc99", "-t", "koji_build"]
    /// Small guests: more of them fit on two cores.
    static let small = ["--memory", "256", "--cpus", "1"]

    init() throws {
        product = try Product()
        workspace = product.workspace
        try Directories.make(tasks)
    }

    /// Where runs are kept.
    var artifacts: String { workspace.path + "/artifacts" }
    /// Where the tests put formulas; the working directory of every command.
    var tasks: String { workspace.path + "/tasks" }

    var variables: [String: String] {
        [
            "ATOLL_SHARE": Product.root, "HOME": workspace.path, "TASKOTRON_ARTIFACTSDIR": artifacts,
            "TASKOTRON_TMPDIR": workspace.path + "/tmp", "TASKOTRON_CACHEDIR": workspace.path + "/cache",
            "TASKOTRON_LOGDIR": workspace.path + "/log", "TASKOTRON_IMAGESDIR": workspace.path + "/images",
            // The loopback's minion is this machine: what it is given goes with the workspace.
            "TASKOTRON_CLIENT_TASKDIR": workspace.path + "/minion",
            // Several guests at once, whatever the machine has.
            "TASKOTRON_CAPACITY_CPUS": "16",
        ]
    }

    /// Runs `atoll ARGUMENTS` in the directory of the tasks.
    @discardableResult
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Tool.Output {
        try await Tool.output(
            "env", ["-C", tasks, product.binary] + arguments, environment: variables.merging(environment) { $1 }, limit: 64 << 20)
    }

    /// Starts `atoll ARGUMENTS`; it goes on while the test does something else.
    func start(_ label: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Started {
        try Started(label, in: self, arguments, variables.merging(environment) { $1 })
    }

    /// Writes a formula, its name being `name`, and returns its file name. Lines are its actions.
    @discardableResult
    func formula(_ name: String, _ actions: String, more: String = "") throws -> String {
        try workspace.write("tasks/\(name).yml", "name: \(name)\n\(more)actions:\n\(actions)\n")
        return name + ".yml"
    }

    /// A file of a run: `taskotron/run.json`.
    func path(_ run: String, _ name: String) -> String { "\(artifacts)/\(run)/\(name)" }

    func text(_ run: String, _ name: String) throws -> String { try AtomicFile.text(path(run, name)) }

    func record(_ run: String) throws -> [String: Any] { try Self.document(text(run, "taskotron/run.json")) }

    /// The results of a run, one text each: `scratch.check.sub FAILED item note`.
    func results(_ run: String) throws -> [String] {
        let results = try Self.document(text(run, "taskotron/results.json"))["results"] as? [[String: Any]] ?? []
        return results.map { result in
            ["checkname", "outcome", "item", "type", "note"].compactMap { result[$0] as? String }.joined(separator: " ")
        }
    }

    /// The cases that Python's XML reader finds in a run's JUnit report: `suite name`, and what it says of them.
    func junit(_ run: String) async throws -> [String] {
        let program = """
            import sys, xml.etree.ElementTree as tree
            for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
                found = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
                print(case.get("classname"), case.get("name"), *found)
            """
        let output = try await Tool.run("python3", ["-c", program, path(run, "taskotron/junit.xml")])
        return output.split(separator: "\n").map(String.init)
    }

    static func document(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    /// What an environment or a run could have left on this (private) host.
    static func leftovers() throws -> [String] {
        var found = try Product.leftovers()
        found += try Directories.list("/var/lib/atoll/runs").map { "run \($0)" }
        found += try Directories.list("/var/lib/atoll/capacity").filter { $0 != "capacity.lock" }.map { "claim \($0)" }
        for pid in try Directories.list("/proc") where pid.allSatisfy(\.isNumber) {
            let words = (try? AtomicFile.read("/proc/\(pid)/cmdline", limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if words.split(separator: "\0").first?.contains("qemu-system") == true { found.append("process \(pid)") }
        }
        return found
    }

    /// The same once what ends by itself had its time to.
    static func lastingLeftovers() async throws -> [String] {
        _ = try await eventually(within: .seconds(10)) { try leftovers().isEmpty }
        return try leftovers()
    }
}

/// One command that goes on while the test does something else.
struct Started {
    private let pidFile: String
    private let outputFile: String
    private let errorsFile: String
    private let ending: Task<Int32, any Error>

    fileprivate init(_ label: String, in product: TaskProduct, _ arguments: [String], _ variables: [String: String]) throws {
        let base = product.workspace.path + "/started-" + label
        (pidFile, outputFile, errorsFile) = (base + ".pid", base + ".out", base + ".err")
        let text = "cd \"$1\" && echo $$ > \"$2.part\" && mv \"$2.part\" \"$2\" && exec > \"$3\" 2> \"$4\" && shift 4 && exec \"$@\""
        let words = ["-c", text, "sh", product.tasks, pidFile, outputFile, errorsFile, product.product.binary] + arguments
        ending = Task { try await Tool.output("sh", words, environment: variables).status }
    }

    var output: String { (try? AtomicFile.text(outputFile, limit: 64 << 20)) ?? "" }
    var errors: String { (try? AtomicFile.text(errorsFile, limit: 64 << 20)) ?? "" }

    /// Waits until it wrote that on its output.
    func wrote(_ text: String, within limit: Duration = .seconds(120)) async throws {
        let found = await polling(limit) { output.contains(text) }
        try #require(found, "\(text) is not in \(output)\n\(errors)")
    }

    func send(_ signal: Int32) throws {
        let pid = try #require(pid_t(try AtomicFile.text(pidFile).trimmingCharacters(in: .whitespacesAndNewlines)))
        kill(pid, signal)
    }

    /// Its exit code.
    func end() async throws -> Int32 { try await ending.value }
}

/// Looks every 50 ms; what is waited for here are other processes, which need the processor more.
func polling(_ limit: Duration, _ condition: () throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try condition() { return true }
        try? await Task.sleep(for: .milliseconds(50))
    }
    return try condition()
}

/// This machine once more, reached over ssh: an sshd on the loopback in a mount namespace of its own, in which the directory of the
/// artifacts is another one. It is ended with `close`.
struct LoopbackMachine {
    let address: String
    let keyPath: String
    private let pidFile: String

    /// - Parameters:
    ///   - packing: shell text that its `tar -c` is instead; nil leaves it as it is.
    ///   - options: lines of sshd_config.
    init(_ tasks: TaskProduct, packing: String? = nil, options: [String] = []) async throws {
        let place = tasks.workspace.path + "/sshd-" + UUID().uuidString.prefix(8).lowercased()
        try Directories.make(place)
        try Directories.make(tasks.artifacts)
        for name in ["host", "user"] { try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(place)/\(name)"]) }
        let port = try await Tool.run(
            "python3", ["-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"]
        ).trimmingCharacters(in: .newlines)
        let lines =
            [
                "Port \(port)", "ListenAddress 127.0.0.1", "HostKey \(place)/host", "AuthorizedKeysFile \(place)/user.pub",
                "StrictModes no",
                "UsePAM no", "PermitRootLogin yes", "PidFile \(place)/pid", "MaxStartups 100",
            ] + options
        let configuration = try tasks.workspace.write(
            String((place + "/config").dropFirst(tasks.workspace.path.count + 1)), lines.joined(separator: "\n") + "\n")
        var text = "set -e; mount -t tmpfs minion \"$1\"\n"
        if let packing {
            let real = try await Tool.run("sh", ["-c", "readlink -f \"$(command -v tar)\""]).trimmingCharacters(in: .newlines)
            try await Tool.run("cp", [real, place + "/tar.real"])
            let script = "#!/bin/sh\ncase $1 in -c) \(packing) ;; esac\nexec \(place)/tar.real \"$@\"\n"
            try AtomicFile.write(script, to: place + "/tar", mode: 0o755)
            text += "mount --bind \(place)/tar \(real)\n"
        }
        text += "exec /usr/sbin/sshd -f \"$2\""
        try await Tool.run(
            "unshare", ["--mount", "--propagation", "private", "sh", "-c", text, "sh", tasks.artifacts, configuration])
        let key = try AtomicFile.text(place + "/host.pub").split(separator: " ").prefix(2).joined(separator: " ")
        let known = tasks.workspace.path + "/.ssh/known_hosts"
        let before = (try? AtomicFile.text(known)) ?? ""
        try Directories.make(tasks.workspace.path + "/.ssh", mode: 0o700)
        try AtomicFile.write(before + "[127.0.0.1]:\(port) \(key)\n", to: known)
        address = "root@127.0.0.1:\(port)"
        keyPath = place + "/user"
        pidFile = place + "/pid"
    }

    /// The options that make runtask use it.
    var options: [String] { ["--ssh", address, "--ssh-privkey", keyPath] }

    func close() {
        guard let text = try? AtomicFile.text(pidFile), let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1
        else {
            return
        }
        kill(pid, SIGTERM)
    }
}
