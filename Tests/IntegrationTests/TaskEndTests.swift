import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// How runs end, and what is refused: all on this machine, where nothing has to boot.
    @Suite(.serialized) struct TaskEndTests {
        @Test("exit codes say who is to blame", .timeLimit(.minutes(2)))
        func exitCodes() async throws {
            let tasks = try TaskProduct()
            let passing = "  - dummy: {result: PASS}"
            try tasks.formula("good", passing)
            try tasks.formula(
                "bad",
                "  - shell: \"echo 'results: [{item: i, type: koji_build, outcome: FAILED}]'\"\n    export: r\n  - exitcode: {result_worst: \"${r}\"}"
            )
            try tasks.formula("crash", "  - shell: exit 3")
            try tasks.formula("promise", "  - exitcode: {result_worst: \"\"}")
            try tasks.formula("image", passing, more: "environment: {image: nosuch}\n")
            try tasks.formula("release", passing, more: "environment: {distro: fedora, release: 77}\n")
            try tasks.formula("slow", "  - shell: while :; do echo x; sleep 0.2; done")
            try tasks.formula("undefined", "  - shell: echo ${nope}")
            let local = ["--local"] + TaskProduct.item
            let vm = ["--libvirt"] + TaskProduct.item
            let cases: [(name: String, words: [String], exit: Int32, outcome: String?, says: String)] = [
                ("good", local, 0, nil, "Execution finished at: "), ("bad", local, 100, "FAILED", "1 FAILED"),
                ("crash", local, 101, "CRASHED", "action 1 (shell): the command `exit 3` ended with status 3"),
                ("promise", local, 101, "CRASHED", "result_worst: the text is empty"),
                ("image", vm, 102, "ABORTED", "there is no image nosuch: not in \(tasks.workspace.path)/images"),
                ("release", vm, 102, "ABORTED", "no image for distro fedora, release 77"),
                ("slow", local + ["--timeout", "1"], 103, "ABORTED", "did not end within 1 s"),
                ("undefined", local, 1, "CRASHED", "undefined variable 'nope'; known: arch, artifactsdir"),
            ]
            for entry in cases {
                let result = try await tasks.run(["runtask", "--uuid", entry.name] + entry.words + [entry.name + ".yml"])
                #expect(result.status == entry.exit, "\(entry.name): \(result)")
                #expect(result.standardError.contains(entry.says), "\(entry.name): \(result.standardError)")
                let record = try tasks.record(entry.name)
                #expect(record["exitCode"] as? Int32 == entry.exit && record["state"] as? String == "finished", "\(record)")
                #expect(record["outcome"] as? String == entry.outcome, "\(entry.name)")
                if let outcome = entry.outcome { #expect(try tasks.results(entry.name).contains { $0.contains(outcome) }) }
            }
            // The store and the shipped recipes are among the places that were searched.
            #expect(try tasks.text("image", "taskotron/taskotron.log").contains("templates of /var/lib/atoll/store"))
            let legacy = try await tasks.run(
                ["runtask"] + local + ["crash.yml"], environment: ["TASKOTRON_LEGACY_EXIT_CODES": "true"])
            #expect(legacy.status == 1)
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        @Test("a run that breaks is never silent, whatever it is about", .timeLimit(.minutes(1)))
        func neverSilent() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("crash", "  - shell: echo hi; exit 3")
            try tasks.formula("slow", "  - shell: while :; do echo x; sleep 0.2; done")
            let cases: [(words: [String], exit: Int32, outcome: String)] = [
                (["crash.yml"], 101, "CRASHED"), (["--timeout", "1", "slow.yml"], 103, "ABORTED"),
            ]
            for (words, exit, outcome) in cases {
                let run = outcome.lowercased()
                #expect(try await tasks.run(["runtask", "--local", "--uuid", run] + words).status == exit)
                for all in [[], ["--all"]] {
                    let junit = try await tasks.run(["results", "junit", run] + all)
                    #expect(
                        junit.standardOutput.contains("errors=\"1\"") && junit.standardOutput.contains("type=\"\(outcome)\""), "\(junit)")
                    let export = try await tasks.run(["results", "export", run] + all)
                    #expect(export.standardOutput.contains("outcome: \(outcome)"), "\(export)")
                }
            }
            #expect(
                try tasks.results("crashed") == [
                    "scratch.crash CRASHED crash task action 1 (shell): the command `echo hi; exit 3` ended with status 3: hi"
                ])

            // A formula that cannot be used, about an item: exit 1, and a run that says so. The others go on.
            try tasks.workspace.write("tasks/bad.yml", "name: bad\nactions:\n  - shell: ls\n    python: {file: a}\n")
            try tasks.formula("good", "  - dummy: {result: PASS}")
            let bad = try await tasks.run(["runtask", "--local", "--uuid", "b"] + TaskProduct.item + ["bad.yml", "good.yml"])
            #expect(bad.status == 1 && bad.standardError.contains("bad.yml:4:5: actions[0].python"), "\(bad)")
            #expect(try tasks.record("b-1")["exitCode"] as? Int32 == 1 && tasks.record("b-2")["exitCode"] as? Int32 == 0)
            #expect(try tasks.results("b-1").first?.hasPrefix("scratch.bad CRASHED foo-1.2-3.fc99 koji_build ") == true)
            let preview = try await tasks.run(["runtask", "--dry-run", "--uuid", "p"] + TaskProduct.item + ["bad.yml"])
            #expect(preview.status == 1 && !SystemCall.exists(tasks.artifacts + "/p"))
        }

        @Test("check 1, 2, 3, 5, 13, 14, 15, 16: what cannot be run is refused before anything is made", .timeLimit(.minutes(1)))
        func refusals() async throws {
            let tasks = try TaskProduct()
            let files = [
                "empty": "", "list": "[a, b]\n", "text": "hello\n", "yaml": "name: [x\n", "none": "name: n\n",
                "nothing": "name: n\nactions: []\n",
                "two": "name: n\nactions:\n  - shell: ls\n    python: {file: a}\n", "nobody": "name: n\nactions:\n  - name: lonely\n",
                "good": "name: n\nactions:\n  - dummy: {result: PASS}\n",
            ]
            for (name, text) in files { try tasks.workspace.write("tasks/\(name).yml", text) }
            let cases: [(words: [String], exit: Int32, says: String)] = [
                (["--local", "empty.yml"], 1, "empty.yml:1:1: the file is empty"),
                (["--local", "list.yml"], 1, "list.yml:1:1: found a list"), (["--local", "text.yml"], 1, "text.yml:1:1: found"),
                (["--local", "yaml.yml"], 1, "yaml.yml:2:1: YAML"), (["--local", "none.yml"], 1, "actions"),
                (["--local", "nothing.yml"], 1, "actions"),
                (["--local", "two.yml"], 1, "two.yml:4:5: actions[0].python: action 1 has the directives 'shell' and 'python'"),
                (["--local", "nobody.yml"], 1, "lonely"), (["--local", "absent.yml"], 2, "there is no formula absent.yml"),
                (["--local", "--libvirt", "good.yml"], 2, "--local and --libvirt are mutually exclusive"),
                (["--local", "--ssh", "r@h", "good.yml"], 2, "are mutually exclusive"),
                (["--libvirt", "--ssh", "r@h", "good.yml"], 2, "are mutually exclusive"),
                (["--ssh", "user#host", "good.yml"], 2, "'user#host': missing '@'"), (["--ssh", "u@h:x", "good.yml"], 2, "invalid port"),
                (["--ssh", "u@h:70000", "good.yml"], 2, "invalid port"), (["--ssh", "@h", "good.yml"], 2, "--ssh"),
                (["--local", "-i", "x", "-t", "nonsense", "good.yml"], 2, "bodhi_update, compose, dist_git_commit, docker_image"),
                (["--local", "--uuid", "../up", "good.yml"], 2, "uuid"),
                (["--local", "--keep-on", "sometimes", "good.yml"], 2, "--keep-on"),
                (["--libvirt", "--egress", "a b", "good.yml"], 2, "egress"),
            ]
            for entry in cases {
                let result = try await tasks.run(["runtask"] + entry.words)
                #expect(result.status == entry.exit, "\(entry.words): \(result)")
                #expect(result.standardError.contains(entry.says), "\(entry.words): \(result.standardError)")
                for crash in ["Fatal error", "Stack dump", "Optional(", "Error Domain"] {
                    #expect(!result.standardError.contains(crash), "\(entry.words): \(result.standardError)")
                }
            }
            // About no item nobody waits for a result: no run is begun.
            #expect(try Directories.list(tasks.artifacts) == [])

            // One half of an item is worth a warning.
            let half = try await tasks.run(["runtask", "--local", "-t", "koji_build", "good.yml"])
            #expect(half.status == 0 && half.standardError.contains("--type without --item"), "\(half.standardError)")
            // A formula is looked at whole: nothing is done of one with an unknown directive.
            try tasks.formula(
                "odd",
                "  - shell: touch ${artifactsdir}/before\n  - name: riddle\n    frobnicate: {}\n  - shell: touch ${artifactsdir}/after")
            let odd = try await tasks.run(["runtask", "--local", "--uuid", "odd"] + TaskProduct.item + ["odd.yml"])
            #expect(odd.status == 1, "\(odd.standardError)")
            #expect(odd.standardError.contains("action 2 (riddle): there is no directive frobnicate. Known are bash, create_report"))
            #expect(!SystemCall.exists(tasks.path("odd", "before")) && !SystemCall.exists(tasks.path("odd", "after")))
            // The directory of another run is left alone.
            let record = try tasks.text("odd", "taskotron/run.json")
            let again = try await tasks.run(["runtask", "--local", "--uuid", "odd", "good.yml"])
            #expect(again.status == 2 && again.standardError.contains("there is a run odd already"), "\(again)")
            #expect(try tasks.text("odd", "taskotron/run.json") == record)
        }

        @Test("what a task mounted goes with it, and what is on the mount stays", .timeLimit(.minutes(1)))
        func mounted() async throws {
            let tasks = try TaskProduct()
            try tasks.workspace.write("victim/file", "kept")
            let victim = tasks.workspace.path + "/victim"
            for (name, signal) in [("ended", SIGTERM), ("killed", SIGKILL)] {
                try tasks.formula(
                    name, "  - shell: mkdir ${workdir}/root; mount --bind \(victim) ${workdir}/root; echo started; sleep 3600")
                let run = try tasks.start(name, ["runtask", "--local", "--uuid", name, name + ".yml"])
                try await run.wrote("started")
                try run.send(signal)
                _ = try await run.end()
                if signal == SIGKILL { #expect(try await tasks.run(["gc"]).status == 0) }
                #expect(try AtomicFile.text(victim + "/file") == "kept", "\(name)")
                #expect(
                    try Directories.list(tasks.workspace.path + "/tmp").allSatisfy {
                        !SystemCall.exists("\(tasks.workspace.path)/tmp/\($0)/\(name)")
                    })
            }
        }

        @Test("check 67, 68: silence ends a task, and only silence", .timeLimit(.minutes(1)))
        func silence() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("silent", "  - shell: echo x > ${artifactsdir}/kept; sleep 3600")
            try tasks.formula("talking", "  - shell: for n in 1 2 3 4 5; do echo $$n; sleep 1; done")
            async let silent = tasks.run(["runtask", "--local", "--uuid", "s", "--silence", "3"] + TaskProduct.item + ["silent.yml"])
            async let talking = tasks.run(["runtask", "--local", "--uuid", "t", "--silence", "3"] + TaskProduct.item + ["talking.yml"])
            let (quiet, loud) = try await (silent, talking)
            #expect(quiet.status == 103 && quiet.standardError.contains("wrote nothing for 3 s"), "\(quiet)")
            #expect(try tasks.text("s", "kept") == "x\n")
            #expect(try tasks.results("s") == ["scratch.silent ABORTED foo-1.2-3.fc99 koji_build action 1 (shell): wrote nothing for 3 s"])
            #expect(loud.status == 0 && loud.standardOutput == "1\n2\n3\n4\n5\n", "\(loud)")
        }

        @Test("check 74: signals end a task with everything it started", .timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT])
        func signals(_ signal: Int32) async throws {
            let tasks = try TaskProduct()
            let mark = "3600.\(getpid())\(signal)"
            try tasks.formula(
                "long", "  - shell: |\n      echo x > ${artifactsdir}/kept\n      (sleep \(mark)) &\n      echo started\n      wait")
            let run = try tasks.start("long", ["runtask", "--local", "--uuid", "long"] + TaskProduct.item + ["long.yml"])
            try await run.wrote("started")
            try run.send(signal)
            #expect(try await run.end() == 128 + signal, "\(run.errors)")
            #expect(try tasks.results("long").first?.hasPrefix("scratch.long ABORTED") == true)
            #expect(try tasks.text("long", "kept") == "x\n")
            #expect(try await Tool.output("pgrep", ["-f", "sleep \(mark)"]).status == 1)
            #expect(
                try Directories.list(tasks.workspace.path + "/tmp").flatMap { try Directories.list(tasks.workspace.path + "/tmp/" + $0) }
                    == [])
        }

        @Test("1 GB of output passes through; what is kept of it is bounded, and so is the memory", .timeLimit(.minutes(3)))
        func aFloodOfOutput() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("flood", "  - shell: head -c 1000000000 /dev/zero\n    export: all\n  - shell: test 1 = 1")
            // The shell's own memory is counted with the overlord's: it is small.
            let program = """
                import resource, subprocess, sys
                process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                count = 0
                while chunk := process.stdout.read(1 << 20): count += len(chunk)
                errors = process.stderr.read().decode()
                print(process.wait(), count, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, errors)
                """
            let words = [tasks.product.binary, "runtask", "--local", "--uuid", "flood", tasks.tasks + "/flood.yml"]
            let output = try await Tool.run("python3", ["-c", program] + words, environment: tasks.variables)
            let numbers = output.split(separator: " ").prefix(3).compactMap { Int($0) }
            #expect(numbers.prefix(2) == [0, 1_000_000_000], "\(output)")
            #expect(numbers[2] < 200, "\(numbers[2]) MiB")
            let kept = try #require(SystemCall.status(tasks.path("flood", "taskotron/output.log"))).st_size
            #expect(kept > 64 << 20 && kept < 65 << 20)
            let end = try await Tool.run("tail", ["-n", "1", tasks.path("flood", "taskotron/output.log")])
            #expect(end == "[atoll: the rest of the output is not kept; the limit is 64 MiB]\n")
        }

        @Test("binary output comes out as it went in, on both streams", .timeLimit(.minutes(1)))
        func binaryOutput() async throws {
            let tasks = try TaskProduct()
            try await Tool.run("dd", ["if=/dev/urandom", "of=\(tasks.tasks)/noise", "bs=1M", "count=3", "status=none"])
            try tasks.formula("binary", "  - shell: cat noise; printf '\\377\\376\\000end' >&2")
            let run = try tasks.start("binary", ["runtask", "--local", "--uuid", "binary", "binary.yml"])
            #expect(try await run.end() == 0)
            let same = try await Tool.output("cmp", [tasks.workspace.path + "/started-binary.out", tasks.tasks + "/noise"])
            #expect(same.status == 0, "\(same)")
            let errors = try AtomicFile.read(tasks.workspace.path + "/started-binary.err")
            #expect(errors.indices.contains { errors[$0...].starts(with: [0xff, 0xfe, 0, 0x65, 0x6e, 0x64]) })
            #expect(try #require(SystemCall.status(tasks.path("binary", "taskotron/output.log"))).st_size == 3 << 20 + 6)
        }
    }
}
