import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// Packages of the rpm family, with the real dnf and rpm that Debian has: on this machine once more, whose /etc and /var are its own,
    /// with no dpkg database, an empty rpm database and a repository of small packages.
    @Suite(.serialized) struct TaskDnfTests {
        @Test("every way a formula names packages is installed by dnf, once", .timeLimit(.minutes(2)))
        func namesOfPackages() async throws {
            let tasks = try TaskProduct()
            let machine = try await DnfMachine(tasks)
            defer { machine.close() }
            let names = ["plain", "'twice >= 2'", "./files/local.rpm", "'@tools'", "dependent", "/srv/atoll-test/provider"]
            try tasks.formula("all", "  - shell: cat /srv/atoll-test/*", more: "environment: {rpm: [\(names.joined(separator: ", "))]}\n")
            // Not in the directory of the task: its files are found all the same.
            let all = try await machine.run(["runtask", "--local", "--uuid", "all", tasks.tasks + "/all.yml"])
            #expect(all.status == 0, "\(all.standardError)")
            #expect(all.standardOutput == "dependent 1.0\ngrouped 1.0\nlocal 1.0\nplain 1.0\nprovider 1.0\ntwice 2.0\n")

            // Nothing can be had any more, and nothing is asked for. Root needs no consent.
            try await Tool.run("mv", [machine.repository, machine.repository + ".gone"])
            let there = [
                "plain", "'twice >= 2'", "twice-2.0-1", "'twi*'", "'capability = 3'", "./files/local.rpm", "/srv/atoll-test/plain",
            ]
            try tasks.formula("there", "  - shell: echo ran", more: "environment: {rpm: [\(there.joined(separator: ", "))]}\n")
            let again = try await machine.run(["runtask", "there.yml"])
            #expect(again.status == 0 && again.standardOutput == "ran\n", "\(again.standardError)")
            #expect(again.standardError.contains("packages: all there already"), "\(again.standardError)")
        }

        @Test("check 66: --best that fails is followed by an install without it; what is nowhere is ABORTED", .timeLimit(.minutes(2)))
        func bestAndNowhere() async throws {
            let tasks = try TaskProduct()
            let machine = try await DnfMachine(tasks)
            defer { machine.close() }
            try tasks.formula("best", "  - shell: cat /srv/atoll-test/best", more: "environment: {rpm: [best]}\n")
            let best = try await machine.run(["runtask", "--local", "best.yml"])
            #expect(best.status == 0 && best.standardOutput == "best 1.0\n", "\(best.standardError)")
            #expect(best.standardError.contains("nothing provides nowhere-to-be-had needed by best-2.0-1.noarch"))

            for (name, words) in [
                ("no-such-package", "No match for argument: no-such-package"), ("'best >= 2'", "nothing provides nowhere"),
            ] {
                try tasks.formula("none", "  - shell: echo never", more: "environment: {rpm: [best, \(name)]}\n")
                let none = try await machine.run(["runtask", "--local", "none.yml"])
                #expect(none.status == 102 && none.standardOutput == "", "\(none.standardError)")
                #expect(none.standardError.contains(words), "\(none.standardError)")
            }
        }

        @Test("over ssh: repositories of minion_repos, a file of the task; unsigned packages are refused in words", .timeLimit(.minutes(2)))
        func overSSH() async throws {
            let tasks = try TaskProduct()
            let machine = try await DnfMachine(tasks)
            defer { machine.close() }
            let loopback = try await LoopbackMachine(tasks, options: ["ForceCommand \(machine.entry) sh -c \"cd; $SSH_ORIGINAL_COMMAND\""])
            defer { loopback.close() }
            let file = try tasks.workspace.write("second.repo", "[second]\nname=second\nbaseurl=file://\(machine.second)\ngpgcheck=0\n")
            try tasks.formula("ssh", "  - shell: cat /srv/atoll-test/*", more: "environment: {rpm: [second, ./files/local.rpm]}\n")
            try tasks.workspace.write(".config/taskotron/taskotron.yaml", "minion_repos: ['deb http://none ./', 'file://\(file)']\n")
            let first = try await tasks.run(["runtask", "--uuid", "ssh"] + loopback.options + ["ssh.yml"])
            #expect(first.status == 0 && first.standardOutput == "local 1.0\nplain 1.0\nsecond 1.0\n", "\(first.standardError)")
            #expect(try (tasks.record("ssh")["packages"] as? [String]) == ["second", "./files/local.rpm"])

            // A base URL: the machine's own settings want signatures.
            try tasks.workspace.write(".config/taskotron/taskotron.yaml", "minion_repos: ['file://\(machine.third)']\n")
            try tasks.formula("unsigned", "  - shell: echo never", more: "environment: {rpm: [third]}\n")
            let unsigned = try await tasks.run(["runtask", "--uuid", "unsigned"] + loopback.options + ["unsigned.yml"])
            #expect(unsigned.status == 102 && unsigned.standardOutput == "", "\(unsigned.standardError)")
            #expect(
                unsigned.standardError.contains("gpgkey=") && !unsigned.standardError.contains("sslverify"), "\(unsigned.standardError)")
        }
    }
}

/// This machine once more as one of the rpm family: a mount namespace that lives as long as a process in it does.
private struct DnfMachine {
    let tasks: TaskProduct
    /// Directories that are repositories: the first is known to the machine.
    let repository, second, third: String
    private let pid: pid_t

    init(_ tasks: TaskProduct) async throws {
        self.tasks = tasks
        let place = tasks.workspace.path + "/rpm"
        (repository, second, third) = (place + "/repository", place + "/second", place + "/third")
        try Directories.make(tasks.artifacts)
        let packages = [
            ("plain", "1.0", "", repository), ("twice", "1.0", "", repository), ("twice", "2.0", "", repository),
            ("dependent", "1.0", "Requires: capability >= 3\n", repository), ("provider", "1.0", "Provides: capability = 3\n", repository),
            ("grouped", "1.0", "", repository), ("best", "1.0", "", repository),
            ("best", "2.0", "Requires: nowhere-to-be-had\n", repository),
            ("local", "1.0", "Requires: plain\n", place + "/task"), ("second", "1.0", "", second), ("third", "1.0", "", third),
        ]
        for (name, version, more, directory) in packages { try await Self.build(name, version, more, into: directory, tasks.workspace) }
        try Directories.make(tasks.tasks + "/files")
        try await Tool.run("mv", [place + "/task/local-1.0.rpm", tasks.tasks + "/files/local.rpm"])
        let group =
            "<group><id>tools</id><name>Tools</name><packagelist><packagereq type='mandatory'>grouped</packagereq></packagelist></group>"
        let groups = try tasks.workspace.write("rpm/groups.xml", "<?xml version='1.0'?>\n<comps>\(group)</comps>\n")
        try await Tool.run("createrepo_c", ["--quiet", "--groupfile", groups, repository])
        for directory in [second, third] { try await Tool.run("createrepo_c", ["--quiet", directory]) }

        let text = """
            set -e
            mkdir "$1/layers"
            mount -t tmpfs minion "$1/layers"
            for name in etc var; do
                mkdir "$1/layers/$name" "$1/layers/$name.work"
                mount -t overlay -o "lowerdir=/$name,upperdir=$1/layers/$name,workdir=$1/layers/$name.work" minion "/$name"
            done
            for path in /srv /var/lib/dpkg /var/lib/rpm /var/lib/dnf /var/cache/dnf /etc/yum.repos.d /etc/rpm "$2"; do
                mkdir -p "$path"
                mount -t tmpfs minion "$path"
            done
            # Debian's rpm keeps its database in the home directory.
            echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros
            printf '[main]\\ngpgcheck=True\\nbest=False\\n' > /etc/dnf/dnf.conf
            mkdir -p /etc/dnf/plugins
            printf '[main]\\nenabled=False\\n' > /etc/dnf/plugins/local.conf
            printf '[first]\\nname=first\\nbaseurl=file://%s\\ngpgcheck=0\\nmetadata_expire=0\\n' "$1/repository" > /etc/yum.repos.d/first.repo
            sleep 600 > /dev/null 2>&1 &
            echo $!
            """
        let output = try await Tool.run(
            "unshare", ["--mount", "--propagation", "private", "sh", "-c", text, "sh", place, tasks.artifacts])
        pid = try #require(pid_t(output.trimmingCharacters(in: .whitespacesAndNewlines)), "\(output)")
        try #require(pid > 1)
    }

    /// Words before a command that shall run there.
    var entry: String { "nsenter --target \(pid) --mount" }

    /// Runs `atoll ARGUMENTS` there, in the directory of the tasks.
    func run(_ arguments: [String]) async throws -> Tool.Output {
        let words = entry.split(separator: " ").map(String.init) + ["env", "-C", tasks.tasks, tasks.product.binary] + arguments
        return try await Tool.output(words[0], Array(words.dropFirst()), environment: tasks.variables)
    }

    func close() { kill(pid, SIGTERM) }

    /// `NAME-VERSION.rpm` with one file, /srv/atoll-test/NAME, that says its name and version.
    private static func build(_ name: String, _ version: String, _ more: String, into directory: String, _ workspace: Workspace)
        async throws
    {
        let specification = """
            Name: \(name)
            Version: \(version)
            Release: 1
            Summary: a test
            License: MIT
            BuildArch: noarch
            \(more)
            %description
            A test.
            %install
            mkdir -p %{buildroot}/srv/atoll-test
            echo \(name) \(version) > %{buildroot}/srv/atoll-test/\(name)
            %files
            /srv/atoll-test/\(name)

            """
        let path = try workspace.write("rpm/\(name)-\(version).spec", specification)
        let top = workspace.path + "/rpm/build"
        let settings = ["_topdir \(top)", "_dbpath \(top)/db", "_rpmdir \(directory)", "_build_name_fmt %%{NAME}-%%{VERSION}.rpm"]
        try await Tool.run("rpmbuild", ["-bb", "--quiet"] + settings.flatMap { ["--define", $0] } + [path])
    }
}
