import AtollCommands
import AtollInstances
import AtollFormula
import AtollPlatform
import AtollTestSupport
import Synchronization
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite("Tasks: packages") struct PackagePreparationTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    private func wish(_ packages: [String] = [], rpm: [String] = [], deb: [String] = []) -> EnvironmentWish {
        var wish = EnvironmentWish()
        (wish.packages, wish.rpm, wish.deb) = (packages, rpm, deb)
        return wish
    }

    /// A machine with a package manager, where `missing` is not installed and commands that contain a word of `failing` end with 1.
    private func machine(
        _ manager: String?, rights: String = "root", kind: InstanceKind = .libvirt, missing: [String] = [], failing: [String] = []
    ) -> FakeInstance {
        FakeInstance(kind) { line in
            if line == PackageSystem.question { return (0, (manager.map { "manager \($0)\n" } ?? "") + "rights \(rights)\n") }
            if line.contains("|| printf") { return (0, missing.joined(separator: "\n")) }
            return failing.contains(where: line.contains) ? (1, "E: no network\n") : (0, "")
        }
    }

    private func changes(_ instance: FakeInstance) -> [String] {
        instance.lines.filter { $0 != PackageSystem.question && !$0.contains("|| printf") }
    }

    @Test("check 66: --best that fails is followed by an install without it; a second failure is a remote error")
    func check66() async throws {
        let once = machine("dnf", missing: ["xz", "gcc"], failing: ["--best"])
        let session = try bench.session(once)
        try await PackagePreparation().prepare(wish(["xz"], rpm: ["gcc"]), session)
        #expect(changes(once) == ["dnf --assumeyes --best install xz gcc", "dnf --assumeyes install xz gcc"])
        #expect(session.packages == ["xz", "gcc"])

        let never = machine("dnf", missing: ["xz"], failing: ["install"])
        let error = await #expect(throws: TaskError.self) {
            try await PackagePreparation().prepare(wish(["xz"]), try bench.session(never))
        }
        #expect(error?.code == .remote)
        #expect(error?.message == "packages cannot be installed on the fake (dnf ended with status 1): xz\nE: no network")
        #expect(changes(never).count == 2)
    }

    @Test("installing that takes long is heard of")
    func heartbeat() async throws {
        let log = Lines()
        let instance = SlowInstance(
            machine("dnf", missing: ["xz"]),
            wait: { line in
                if line.contains("install") { _ = await eventually { log.text.contains("packages: installing: ") } }
            })
        try await PackagePreparation(beat: .milliseconds(5)).prepare(wish(["xz"]), try bench.session(instance, log: log))
        #expect(log.text.contains("packages: installing: "))
    }

    @Test("what is installed already is not asked for: a machine without a network does")
    func nothingMissing() async throws {
        for manager in ["dnf", "apt-get"] {
            let instance = machine(manager, failing: ["install"])
            try await PackagePreparation().prepare(wish(["xz"], rpm: ["/usr/bin/xz"], deb: ["/usr/bin/xz"]), try bench.session(instance))
            #expect(changes(instance).isEmpty)
        }
        let untouched = machine("dnf")
        try await PackagePreparation().prepare(wish(), try bench.session(untouched))
        #expect(untouched.commands.isEmpty)
    }

    @Test("apt: lists are brought up to date once, and only a failing install counts")
    func apt() async throws {
        let instance = machine("apt-get", missing: ["xz-utils"], failing: [" update"])
        let log = Lines()
        try await PackagePreparation().prepare(wish(deb: ["xz-utils", "gcc"]), try bench.session(instance, log: log))
        let lines = changes(instance)
        #expect(lines.count == 2 && lines[0].hasSuffix(" update"))
        #expect(lines[1].hasPrefix("env DEBIAN_FRONTEND=noninteractive apt-get"))
        #expect(lines[1].hasSuffix(" install -y --no-install-recommends -- xz-utils"))
        #expect(log.text.contains("apt-get update ended with status 1"))
    }

    @Test("apt cannot install by path, by group or by comparison, and nothing reads as an option")
    func refused() async throws {
        for (package, words) in [
            ("/opt/tool", "path of a file"), ("@core", "groups"), ("a >= 1", "NAME=VERSION"), ("gcc-", "no name"), ("-y", "no name"),
        ] {
            let instance = machine("apt-get", missing: [package])
            let error = await #expect(throws: TaskError.self) {
                try await PackagePreparation().prepare(wish(deb: [package]), try bench.session(instance))
            }
            #expect(error?.code == .formula)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(changes(instance).isEmpty)
        }
    }

    @Test("this machine: root and --local install, sudo where it asks nothing, neither is a permission error with the list")
    func consent() async throws {
        func outcome(_ rights: String, consent: Bool) async throws -> (changes: [String], session: RunSession) {
            let instance = machine("dnf", rights: rights, kind: .local, missing: ["xz"])
            let session = try bench.session(instance)
            try await PackagePreparation(hasConsent: consent).prepare(wish(["xz"]), session)
            return (changes(instance), session)
        }
        #expect(try await outcome("root", consent: false).changes == ["dnf --assumeyes --best install xz"])
        #expect(try await outcome("sudo", consent: true).changes == ["sudo --non-interactive dnf --assumeyes --best install xz"])
        let warned = try await outcome("sudo", consent: false)
        #expect(warned.changes.isEmpty && warned.session.log.warnings.count == 1 && warned.session.log.warnings[0].contains("xz"))
        let error = await #expect(throws: TaskError.self) { _ = try await outcome("user", consent: true) }
        #expect(error?.code == .permission && error?.message.contains("xz") == true)
    }

    @Test("a machine reached over ssh is changed as root or with sudo, and one without a known manager is an error that says so")
    func remote() async throws {
        let sudo = machine("apt-get", rights: "sudo", kind: .ssh, missing: ["xz"])
        try await PackagePreparation().prepare(wish(["xz"]), try bench.session(sudo))
        #expect(changes(sudo).allSatisfy { $0.hasPrefix("sudo --non-interactive env DEBIAN_FRONTEND=noninteractive apt-get") })
        let user = await #expect(throws: TaskError.self) {
            try await PackagePreparation().prepare(
                wish(["xz"]), try bench.session(machine("dnf", rights: "user", kind: .ssh, missing: ["xz"])))
        }
        #expect(user?.code == .permission)
        let none = await #expect(throws: TaskError.self) {
            try await PackagePreparation().prepare(wish(["xz"]), try bench.session(machine(nil)))
        }
        #expect(none?.code == .remote && none?.message.contains("neither dnf, yum nor apt-get") == true)
    }

    @Test("repositories of the machine's family are added, each tried four times, and their failure counts unless it is to be ignored")
    func repositories() async throws {
        let pauses = Mutex(0)
        let all = ["http://repo/x.repo", "copr:user/name", "deb http://repo/ ./"]
        func preparation(_ ignores: Bool) -> PackagePreparation {
            PackagePreparation(repositories: all, ignoresRepositoryErrors: ignores) { pause in
                #expect(pause == .seconds(30))
                pauses.withLock { $0 += 1 }
            }
        }
        let rpm = machine("dnf")
        try await preparation(false).prepare(wish(), try bench.session(rpm))
        #expect(changes(rpm) == ["dnf config-manager --add-repo http://repo/x.repo", "dnf --assumeyes copr enable user/name"])
        #expect(rpm.commands.allSatisfy { $0.program == .script(PackageSystem.question) || $0.directory == "/var/tmp/task" })
        let deb = machine("apt-get")
        try await preparation(false).prepare(wish(), try bench.session(deb))
        #expect(changes(deb) == ["tee /etc/apt/sources.list.d/atoll-3.list"])
        #expect(deb.commands.last?.input == .bytes(Array("deb http://repo/ ./\n".utf8)))

        let broken = machine("dnf", failing: ["copr"])
        let error = await #expect(throws: TaskError.self) { try await preparation(false).prepare(wish(), try bench.session(broken)) }
        #expect(error?.code == .remote && pauses.withLock { $0 } == 3)
        #expect(changes(broken).filter { $0.contains("copr") }.count == 4)
        let session = try bench.session(machine("dnf", failing: ["copr"]))
        try await preparation(true).prepare(wish(), session)
        #expect(session.log.warnings.count == 4)
    }

    @Test("a base URL is written as a file, which no plugin is needed for; a missing plugin is installed once")
    func repositoriesWithoutPlugins() async throws {
        for manager in ["dnf5", "dnf", "yum"] {
            let base = machine(manager)
            try await PackagePreparation(repositories: ["http://repo/x/"]).prepare(wish(), try bench.session(base))
            #expect(changes(base) == ["tee /etc/yum.repos.d/atoll-1.repo"])
            let text = "[atoll-1]\nname=http://repo/x/\nbaseurl=http://repo/x/\nenabled=1\n"
            #expect(base.commands.last?.input == .bytes(Array(text.utf8)))
        }
        for manager in ["dnf5", "dnf"] {
            let added = Mutex(0)
            let bare = FakeInstance { line in
                if line == PackageSystem.question { return (0, "manager \(manager)\nrights root\n") }
                guard line.contains("config-manager"), !line.contains("install") else { return (0, "") }
                if added.withLock({
                    $0 += 1; return $0
                }) > 1 {
                    return (0, "")
                }
                return (1, "No such command: config-manager.\nIt could be: \"dnf install '\(manager)-command(config-manager)'\"\n")
            }
            let preparation = PackagePreparation(repositories: ["http://repo/x.repo"]) { _ in Issue.record("a pause") }
            try await preparation.prepare(wish(), try bench.session(bare))
            let lines = changes(bare)
            #expect(lines.count == 3 && lines[0] == lines[2], "\(lines)")
            #expect(lines[1] == "\(manager) --assumeyes install \(manager)-command(config-manager)")
        }
    }

    @Test("packages that no known key signed: the error says what to write, not dnf's list of settings")
    func signatures() async throws {
        let settings = (1...60).map { "setting\($0): 1\n" }.joined()
        for output in [
            "You have enabled checking\nProblem repository: [atoll-1]\n" + settings,
            "Package x.rpm is not signed\nError: GPG check FAILED\n",
            "The package is not signed.\nSignature verification failed.\n",
        ] {
            let instance = FakeInstance { line in
                if line == PackageSystem.question { return (0, "manager dnf\nrights root\n") }
                return line.contains("|| printf") ? (0, "x") : line.hasPrefix("dnf") ? (1, output) : (0, "")
            }
            let error = await #expect(throws: TaskError.self) {
                try await PackagePreparation(repositories: ["http://repo/"]).prepare(wish(["x"]), try bench.session(instance))
            }
            #expect(error?.code == .remote)
            #expect(error?.message.contains("gpgkey=") == true && error?.message.contains("setting60") == false, "\(error?.message ?? "")")
        }
    }

    @Test("whose machine it is tells the database that has the package manager itself: dnf can be had on Debian, apt on Fedora")
    func family() async throws {
        let place = LocalInstance(directory: bench.workspace.path + "/own", environment: TaskBench.environment)
        try await place.start()
        for (tools, database, manager) in [
            ("dnf apt-get", true, "apt-get"), ("dnf5 dnf apt-get", false, "dnf5"), ("apt-get", false, "apt-get"), ("yum", false, "yum"),
        ] {
            let known = "command() { for tool in \(tools); do if [ $2 = $tool ]; then return 0; fi; done; return 1; }\n"
            let script = "dpkg-query() { \(database); }\n" + known + PackageSystem.question
            let answer = try await place.capture(InstanceCommand(.script(script)))
            let system = PackageSystem(answer: String(decoding: answer.output, as: UTF8.self))
            #expect(system?.manager.rawValue == manager, "\(tools)")
        }
        try await place.dispose()
    }

    @Test("what is installed is not asked for again, however it is named; a file of the task is looked at where the task is")
    func names() async throws {
        let bin = bench.workspace.path + "/bin"
        try bench.workspace.write("bin/rpm", "")
        // The words of Debian's rpm 4.18 and dnf 4.14 on a machine that has twice-2.0-1.noarch, which provides it = 3.
        let rpm = """
            #!/bin/sh
            case "$*" in
            "-q --whatprovides twice" | "-q twice-2.0-1" | "-q twice-2.0-1.noarch") echo twice-2.0-1.noarch ;;
            "-q --package "*" ./twice.rpm") printf twice-2.0-1.noarch ;;
            *) exit 1 ;;
            esac
            """
        let dnf = """
            #!/bin/sh
            case "$*" in
            *"repoquery --installed --whatprovides twice >= 2" | *"--whatprovides it = 3" | *"--whatprovides tw*") echo twice ;;
            esac
            """
        try AtomicFile.write(rpm + "\n", to: bin + "/rpm", mode: 0o755)
        try AtomicFile.write(dnf + "\n", to: bin + "/dnf", mode: 0o755)
        let place = LocalInstance(directory: bench.workspace.path + "/own", environment: ["PATH": bin + ":/usr/bin:/bin"])
        try await place.start()
        let there = ["twice", "twice-2.0-1", "twice >= 2", "it = 3", "tw*", "./twice.rpm"]
        let absent = ["other", "twice-1.0-1", "twice >= 3", "oth*", "./other.rpm", "@tools", "https://repo/twice.rpm"]
        let system = try #require(PackageSystem(answer: "manager dnf\nrights root"))
        let found = try await place.capture(InstanceCommand(.script(system.missing(there + absent))))
        #expect(String(decoding: found.output, as: UTF8.self).split(separator: "\n").map(String.init) == absent)
        #expect(found.result.succeeded)
        // There is no way to ask yum without its lists.
        let old = try #require(PackageSystem(answer: "manager yum\nrights root")).missing(["twice >= 2"])
        #expect(!old.contains("repoquery"))

        let instance = machine("dnf", missing: ["./twice.rpm"])
        try await PackagePreparation().prepare(wish(["./twice.rpm"]), try bench.session(instance))
        #expect(instance.commands.dropFirst().map(\.directory) == ["/var/tmp/task", "/var/tmp/task"])
        try await place.dispose()
    }

    @Test("what is missing is found by the machine's own database, here")
    func probe() async throws {
        let place = LocalInstance(directory: bench.workspace.path + "/own", environment: TaskBench.environment)
        try await place.start()
        let known = try await place.capture(InstanceCommand(.script(PackageSystem.question)))
        guard let system = PackageSystem(answer: String(decoding: known.output, as: UTF8.self)), system.manager == .apt else {
            return try await place.dispose()
        }
        let script = system.missing(["dpkg", "/bin/sh", "no-such-package-here", "/no/such/file"])
        let found = try await place.capture(InstanceCommand(.script(script)))
        #expect(found.result.succeeded)
        #expect(String(decoding: found.output, as: UTF8.self) == "no-such-package-here\n/no/such/file\n")
        try await place.dispose()
    }
}
