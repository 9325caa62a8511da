import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Directives that are other people's programs.
    @Suite(.serialized) struct TaskDirectiveTests {
        @Test("createrepo and mash make repositories of real packages", .timeLimit(.minutes(1)))
        func repositories() async throws {
            let tasks = try TaskProduct()
            let package = "atoll-hello-1.0-1.noarch.rpm"
            try await Self.package(in: tasks)
            try await Tool.run("cp", ["\(tasks.tasks)/in/\(package)", "\(tasks.tasks)/in/atoll-hello-1.0-1.ppc64.rpm"])
            try tasks.formula(
                "repo",
                """
                  - createrepo: {repodir: in}
                    export: said
                  - mash: {arch: [x86_64], rpmdir: in, outdir: out}
                    export: place
                  - shell: printf '%s' "${said}" > "${artifactsdir}/said"; printf '%s' "${place}" > "${artifactsdir}/place"
                """)
            let result = try await tasks.run(["runtask", "--local", "--uuid", "repo", "repo.yml"])
            #expect(result.status == 0, "\(result.standardError)")
            let said = try tasks.text("repo", "said")
            #expect(said.contains("Pool finished"), "\(said)")
            #expect(try tasks.text("repo", "place") == tasks.tasks + "/out")
            #expect(try await Self.names(in: tasks.tasks + "/in") == ["atoll-hello", "atoll-hello"])
            #expect(try await Self.names(in: tasks.tasks + "/out") == ["atoll-hello"])
            #expect(try Directories.list(tasks.tasks + "/out").sorted() == [package, "repodata"])

            try tasks.formula("nowhere", "  - createrepo: {repodir: absent}")
            let nowhere = try await tasks.run(["runtask", "--local", "--uuid", "nowhere"] + TaskProduct.item + ["nowhere.yml"])
            #expect(nowhere.status == 101, "\(nowhere.standardError)")
            #expect(nowhere.standardError.contains("createrepo_c \(tasks.tasks)/absent ended with status"), "\(nowhere.standardError)")
            #expect(try tasks.results("nowhere").first?.hasPrefix("scratch.nowhere CRASHED") == true)
        }

        /// An RPM without files in `in` of the task's directory.
        private static func package(in tasks: TaskProduct) async throws {
            let text = """
                Name: atoll-hello
                Version: 1.0
                Release: 1
                Summary: Says nothing
                License: none
                BuildArch: noarch
                %description
                Says nothing.
                %files

                """
            let file = try tasks.workspace.write("rpm/atoll-hello.spec", text)
            let top = tasks.workspace.path + "/rpm"
            let defines = [
                "_topdir \(top)", "_rpmdir \(tasks.tasks)/in", "_dbpath \(top)/db",
                "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            ]
            try await Tool.run("rpmbuild", ["-bb", "--quiet"] + defines.flatMap { ["--define", $0] } + [file], environment: ["HOME": top])
        }

        /// The packages that a repository's metadata names, however it is packed.
        private static func names(in repository: String) async throws -> [String] {
            let program = """
                import re, subprocess, sys
                repository = sys.argv[1] + "/"
                place = re.search(r'"(repodata/[^"]*primary\\.xml[^"]*)"', open(repository + "repodata/repomd.xml").read()).group(1)
                tool = {"gz": "gzip", "zst": "zstd", "xz": "xz", "bz2": "bzip2"}.get(place.rsplit(".")[-1], "cat")
                words = [tool] + (["-dc"] if tool != "cat" else []) + [repository + place]
                text = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode()
                print("\\n".join(re.findall("<name>(.*)</name>", text)))
                """
            return try await Tool.run("python3", ["-c", program, repository]).split(separator: "\n").map(String.init)
        }

        /// Waits for the file `gate` on this host, then logs in to the machine by hand: reads a file of the task, leaves another one.
        private static let look = """
            #!/usr/bin/env python3
            import json, os, subprocess, sys, time
            question = json.load(sys.stdin)
            print("looking into", question["variables"]["koji_build"], file=sys.stderr)
            end = time.monotonic() + 120
            while not os.path.exists(question["parameters"]["gate"]):
                if time.monotonic() > end: sys.exit("nobody opened the gate")
                time.sleep(0.05)
            there = "cd " + question["taskdir"] + " && hostname && cat left && echo by hand > added"
            words = question["login"].split() + ["-o", "BatchMode=yes", there]
            lines = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode().split("\\n")
            results = "results: [{item: %s, type: koji_build, outcome: PASSED, checkname: look}]" % question["variables"]["koji_build"]
            json.dump({"value": {"host": lines[0], "left": lines[1], "results": results}}, sys.stdout)

            """

        @Test("a directive of the user's logs in to the VM, its value reaches the next action; secrets stay here", .timeLimit(.minutes(4)))
        func aDirectiveOfTheUsersAndSecrets() async throws {
            let tasks = try TaskProduct()
            let (token, password) = ("token-\(UUID().uuidString)", "password-\(UUID().uuidString)")
            let server = try ResultsDBServer(authorization: "Bearer \(token)")
            defer { server.close() }
            let program = try tasks.workspace.write("bin/atoll-directive-look", Self.look)
            try await Tool.run("chmod", ["0755", program])
            let gate = tasks.workspace.path + "/gate"
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let environment = [
                "PATH": tasks.workspace.path + "/bin:" + path, "TASKOTRON_RESULTSDB_TOKEN": token, "TASKOTRON_VAULT_PASSWORD": password,
                "TASKOTRON_REPORT_TO_RESULTSDB": "true", "TASKOTRON_RESULTSDB_SERVER": server.url, "TASKOTRON_LOG_FILE_ENABLED": "true",
            ]
            try tasks.formula(
                "look",
                """
                  - shell: |
                      echo from the guest > left
                      env > ${artifactsdir}/environment
                      cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline > ${artifactsdir}/processes 2> /dev/null || true
                      echo started
                  - name: look by hand
                    look: {gate: \(gate)}
                    export: seen
                  - shell: echo "${seen.host}, ${seen.left}, $$(cat added)" > ${artifactsdir}/seen
                  - resultsdb: {results: "${seen.results}"}
                """)
            let run = try tasks.start(
                "look",
                ["runtask", "--uuid", "look", "--debug", "--libvirt", "--image", "tiny"] + TaskProduct.small + TaskProduct.item
                    + ["look.yml"], environment: environment)
            try await run.wrote("started")
            let waits = await polling(.seconds(60)) { run.errors.contains("look: looking into foo-1.2-3.fc99") }
            #expect(waits, "\(run.errors)")
            // While it goes on: no command line shows a secret, and only those have one in their environment who were given it.
            var holders: Set<String> = []
            for pid in try Directories.list("/proc") where pid.allSatisfy(\.isNumber) {
                func text(_ name: String) -> String {
                    (try? AtomicFile.read("/proc/\(pid)/\(name)", limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
                }
                let words = text("cmdline")
                #expect(!words.contains(token) && !words.contains(password), "\(words)")
                let surroundings = text("environ")
                if surroundings.contains(token) || surroundings.contains(password) { holders.insert(text("comm")) }
            }
            #expect(holders.contains("atoll\n") && holders.isSubset(of: ["atoll\n", "atoll-directive\n", "python3\n"]), "\(holders)")
            try await notWritten(
                [token, password], in: ["/var/lib/atoll/runs", "/var/lib/atoll/prefixes", "/run/libvirt", "/etc/libvirt"])
            try tasks.workspace.write("gate", "")

            #expect(try await run.end() == 0, "\(run.errors)")
            #expect(try tasks.text("look", "seen") == "taskotron-look, from the guest, by hand\n")
            #expect(try tasks.results("look") == ["scratch.look PASSED foo-1.2-3.fc99 koji_build"])
            // It was needed: the server takes nothing without it.
            #expect(server.requests("POST", "/results").count == 1 && server.results.count == 1)
            #expect(try tasks.text("look", "environment").contains("TASKOTRON_ITEM=foo-1.2-3.fc99"))
            #expect(try tasks.text("look", "processes").contains("TASKOTRON_ITEM=foo-1.2-3.fc99"))
            // Everything that was written: artifacts, logs, what was printed, temporary files.
            try await notWritten([token, password], in: [tasks.workspace.path])
            #expect(try await TaskProduct.lastingLeftovers() == [])

            // A task on this machine is not handed them either.
            try tasks.formula("here", "  - shell: env > ${artifactsdir}/environment; echo \"$${TASKOTRON_RESULTSDB_TOKEN-none}\"")
            let here = try await tasks.run(["runtask", "--local", "--uuid", "here", "--debug", "here.yml"], environment: environment)
            #expect(here.status == 0 && here.standardOutput == "none\n", "\(here)")
            try await notWritten([token, password], in: [tasks.workspace.path])
        }

        private func notWritten(_ secrets: [String], in places: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let words = ["-rlsaF"] + secrets.flatMap { ["-e", $0] } + ["--"] + places
            let found = try await Tool.output("grep", words)
            #expect(found.standardOutput == "", sourceLocation: sourceLocation)
        }
    }
}
