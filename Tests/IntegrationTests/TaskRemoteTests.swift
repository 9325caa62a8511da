import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// What passes between this host and a machine reached over ssh: the task, its command line, its artifacts.
    @Suite(.serialized) struct TaskRemoteTests {
        @Test("check 64: the task's directory arrives as it is", .timeLimit(.minutes(1)))
        func theTaskArrives() async throws {
            let tasks = try TaskProduct()
            let machine = try await LoopbackMachine(tasks)
            defer { machine.close() }
            try tasks.workspace.write("tasks/sub/deep/tool.sh", "#!/bin/sh\necho tool\n")
            try tasks.workspace.write("tasks/a file", "with spaces\n")
            try await Tool.run("chmod", ["0755", tasks.tasks + "/sub/deep/tool.sh"])
            try await Tool.run("chmod", ["0640", tasks.tasks + "/a file"])
            try await Tool.run("ln", ["-s", "sub/deep/tool.sh", tasks.tasks + "/link"])
            try await Tool.run("ln", ["-s", "/etc/hostname", tasks.tasks + "/absolute"])
            try await Tool.run("mkdir", [tasks.tasks + "/empty"])
            try await Tool.run("mkfifo", [tasks.tasks + "/fifo"])
            try await Tool.run("touch", [tasks.tasks + "/-n"])
            try tasks.formula(
                "tree", "  - shell: test -d empty; find . ! -type d -printf '%p %m %l\\n' | sort > \"${artifactsdir}/tree\"; ./link; pwd")
            let result = try await tasks.run(["runtask", "--uuid", "tree"] + machine.options + ["tree.yml"])
            #expect(result.status == 0, "\(result.standardError)")
            #expect(result.standardOutput == "tool\n\(tasks.workspace.path)/minion/tree\n")
            let here = try await Tool.run(
                "env", ["-C", tasks.tasks, "find", ".", "!", "-type", "d", "!", "-name", "fifo", "-printf", "%p %m %l\\n"])
            #expect(try tasks.text("tree", "tree").split(separator: "\n").sorted() == here.split(separator: "\n").sorted())
            #expect(result.standardError.contains("not copied: fifo"), "\(result.standardError)")
            // It is a machine that stays: nothing of ours does.
            #expect(try Directories.list(tasks.workspace.path + "/minion") == [])
            #expect(!SystemCall.exists("/var/tmp/atoll-tree"))
        }

        @Test("check 76: runs on one machine at the same time keep out of each other's way", .timeLimit(.minutes(1)))
        func severalOnOneMachine() async throws {
            let tasks = try TaskProduct()
            let machine = try await LoopbackMachine(tasks)
            defer { machine.close() }
            let names = ["a", "b", "c"]
            for name in names {
                try tasks.workspace.write("tasks/\(name)/data", "content of \(name)\n")
                try tasks.workspace.write(
                    "tasks/\(name)/t.yml", "name: \(name)\nactions:\n  - shell: sleep 2; cat data > ${artifactsdir}/data\n")
            }
            let result = try await tasks.run(
                ["runtask", "--uuid", "together", "-j", "3"] + machine.options + names.map { $0 + "/t.yml" })
            #expect(result.status == 0, "\(result.standardError)")
            for (number, name) in zip(1..., names) { #expect(try tasks.text("together-\(number)", "data") == "content of \(name)\n") }
        }

        @Test("check 65: what concerns this host alone is not on the remote command line; the item survives", .timeLimit(.minutes(1)))
        func theCommandLine() async throws {
            let tasks = try TaskProduct()
            let lines = tasks.workspace.path + "/commands"
            let machine = try await LoopbackMachine(
                tasks,
                options: [
                    "ForceCommand printf '%s\\n' \"$SSH_ORIGINAL_COMMAND\" >> \(lines); exec sh -c \"$SSH_ORIGINAL_COMMAND\""
                ])
            defer { machine.close() }
            let item = "it's \"a\" $HOME `b` \\ é *"
            try tasks.formula(
                "line", "  - shell: printf '%s\\n' \"$$TASKOTRON_ITEM\" \"$$TASKOTRON_TYPE\" \"$$TASKOTRON_ARCH\" \"$$TASKOTRON_UUID\"")
            let result = try await tasks.run(
                ["runtask", "--uuid", "line", "-i", item, "-t", "koji_build", "-a", "x86_64", "--debug", "--no-destroy"] + machine.options
                    + ["line.yml"])
            #expect(result.status == 0, "\(result.standardError)")
            #expect(result.standardOutput == "\(item)\nkoji_build\nx86_64\nline\n")
            let line = try #require(try AtomicFile.text(lines).split(separator: "\n").first { $0.contains("--uuid") })
            for word in ["--uuid line", "--type koji_build", "--arch x86_64", "--debug"] { #expect(line.contains(word), "\(line)") }
            for word in ["line.yml", "--ssh", "--libvirt", "--local", "--no-destroy", machine.keyPath] {
                #expect(!line.contains(word), "\(word): \(line)")
            }
        }

        @Test("check 69: the exit code comes back, 100 as 100, with the artifacts of a task that failed", .timeLimit(.minutes(1)))
        func failuresComeBack() async throws {
            let tasks = try TaskProduct()
            // A minion whose tar breaks as soon as the task has run: the artifacts are lost, the task's own failure is not.
            let broken = try await LoopbackMachine(tasks, packing: "echo broken >&2; exit 2")
            defer { broken.close() }
            let machine = try await LoopbackMachine(tasks)
            defer { machine.close() }
            try tasks.formula("fails", "  - shell: mkdir ${artifactsdir}/a; echo kept > ${artifactsdir}/a/b; exit 3")
            let result = try await tasks.run(["runtask", "--uuid", "fails"] + machine.options + TaskProduct.item + ["fails.yml"])
            #expect(result.status == 101, "\(result.standardError)")
            #expect(try tasks.text("fails", "a/b") == "kept\n")
            try tasks.formula("says", "  - exitcode: {result_worst: 'results: [{item: a, outcome: FAILED}]'}")
            #expect(try await tasks.run(["runtask", "--uuid", "says"] + machine.options + ["says.yml"]).status == 100)
            let masked = try await tasks.run(["runtask", "--uuid", "masked"] + broken.options + TaskProduct.item + ["fails.yml"])
            #expect(masked.status == 101 && masked.standardError.contains("the artifacts could not be fetched"), "\(masked.standardError)")
            for run in ["fails", "masked"] {
                let found = try tasks.results(run)
                #expect(
                    found.count == 1 && found[0].hasPrefix("scratch.fails CRASHED") && found[0].hasSuffix("ended with status 3"), "\(found)"
                )
            }
        }

        @Test("artifacts that want out of their directory stay in it, or behind", .timeLimit(.minutes(1)))
        func artifactsWithBadIntentions() async throws {
            let tasks = try TaskProduct()
            let crafted = """
                import io, sys, tarfile
                archive = tarfile.open(sys.argv[1], "w", format=tarfile.GNU_FORMAT)
                def add(name, type=tarfile.REGTYPE, link="", mode=0o644):
                    member = tarfile.TarInfo(name)
                    member.type, member.linkname, member.mode, member.size = type, link, mode, 1 if type == tarfile.REGTYPE else 0
                    member.devmajor, member.devminor = 1, 3
                    archive.addfile(member, io.BytesIO(b"x"))
                add("./good")
                for name in ["../escape", "sub/../../escape", sys.argv[2] + "/escape"]: add(name)
                add("absolute", tarfile.SYMTYPE, "/etc/passwd")
                add("tmp", tarfile.SYMTYPE, sys.argv[2]); add("tmp/escape")
                add("up", tarfile.SYMTYPE, ".."); add("up/escape")
                add("hard", tarfile.LNKTYPE, "/etc/passwd"); add("harder", tarfile.LNKTYPE, "../../../../../../../etc/passwd")
                add("character", tarfile.CHRTYPE); add("block", tarfile.BLKTYPE); add("fifo", tarfile.FIFOTYPE)
                add("taskotron/run.json"); add("set-id", mode=0o6755); add("bad\\udcffname"); add("./last")
                archive.close()
                """
            let archive = tasks.workspace.path + "/crafted.tar"
            try await Tool.run("python3", ["-c", crafted, archive, tasks.workspace.path])
            let machine = try await LoopbackMachine(tasks, packing: "exec cat \(archive)")
            defer { machine.close() }
            try tasks.formula("crafted", "  - dummy: {result: PASS}")
            let result = try await tasks.run(["runtask", "--uuid", "crafted"] + machine.options + ["crafted.yml"])
            #expect(result.status == 0, "\(result.standardError)")
            // Other processes of this host come and go in these.
            let places = [tasks.workspace.path, "/tmp", "/var/tmp"]
            let escaped = try await Tool.run("find", places + ["-ignore_readdir_race", "-maxdepth", "3", "-name", "escape"])
            #expect(escaped == "")
            let odd = try await Tool.run(
                "find", [tasks.artifacts + "/crafted", "!", "-type", "f", "!", "-type", "d", "-printf", "%f %y %l\\n"])
            #expect(!odd.split(separator: "\n").contains { !$0.contains(" l ") }, "only links may be there: \(odd)")
            #expect(!odd.contains("/") && !odd.contains(".."), "\(odd)")
            #expect(try tasks.text("crafted", "good") == "x" && tasks.text("crafted", "last") == "x")
            #expect(try #require(SystemCall.status(tasks.path("crafted", "set-id"))).st_mode & 0o6000 == 0)
            let names = try await Tool.run("find", [tasks.artifacts + "/crafted", "-maxdepth", "1", "-name", "bad*", "-printf", "x"])
            #expect(names == "x")
            for word in ["a device node", "a fifo", "absolute", "taskotron/run.json was left behind"] {
                #expect(result.standardError.contains(word), "\(result.standardError)")
            }
        }

        @Test("100,000 artifacts arrive; over the limit the rest is left behind and said so", .timeLimit(.minutes(5)))
        func manyArtifacts() async throws {
            let tasks = try TaskProduct()
            let limit = 200_000
            let archive = tasks.workspace.path + "/flood.tar"
            // 220,000 times the same empty member: the limit counts what an archive says.
            let machine = try await LoopbackMachine(tasks, packing: "[ -e many ] && exec cat \(archive)")
            defer { machine.close() }
            let flood = """
                import sys, tarfile
                member = tarfile.TarInfo("./again").tobuf()
                with open(sys.argv[1], "wb") as file: file.write(member * int(sys.argv[2]) + bytes(1024))
                """
            try await Tool.run("python3", ["-c", flood, archive, "\(limit + 20000)"])
            let make = "import sys; [open('%s/%d' % (sys.argv[1], i), 'x').close() for i in range(100000)]"
            try tasks.formula("many", "  - shell: python3 -c \"\(make)\" ${artifactsdir}")
            try tasks.formula("flood", "  - shell: touch ${artifactsdir}/many")
            async let first = tasks.run(["runtask", "--uuid", "many"] + machine.options + ["many.yml"])
            async let second = tasks.run(["runtask", "--uuid", "flood"] + machine.options + ["flood.yml"])
            let (many, flooded) = try await (first, second)
            #expect(many.status == 0, "\(many.standardError)")
            #expect(try Directories.list(tasks.artifacts + "/many").count == 100_001)
            #expect(flooded.status == 0 && flooded.standardError.contains("over the limit of \(limit) members"), "\(flooded.standardError)")
            #expect(flooded.standardError.split(separator: "\n").count < 50)
            #expect(try Directories.list(tasks.artifacts + "/flood").sorted() == ["again", "taskotron"])
        }
    }
}
