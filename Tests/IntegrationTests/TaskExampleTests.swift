import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// The three tasks that are shipped, wherever a task can run: the same results, and reports that other tools read.
    @Suite(.serialized) struct TaskExampleTests {
        private static let about = "foo-1.2-3.fc99 koji_build"
        private static let expected: [(task: String, exit: Int32, results: [String], cases: [String])] = [
            (
                "filecheck", 100,
                [
                    "scratch.filecheck.careless FAILED \(about) 3 problems", "scratch.filecheck.clean PASSED \(about) 0 problems",
                    "scratch.filecheck.notes PASSED \(about) 0 problems", "scratch.filecheck FAILED \(about) 1 of 3 files are careless",
                ],
                [
                    "scratch.filecheck careless failure", "scratch.filecheck clean", "scratch.filecheck notes",
                    "scratch.filecheck scratch.filecheck failure",
                ]
            ),
            (
                "pycheck", 0,
                [
                    "scratch.pycheck.syntax PASSED \(about) 0 findings", "scratch.pycheck.docstrings INFO \(about) 1 findings",
                    "scratch.pycheck INFO \(about) 1 findings",
                ],
                ["scratch.pycheck syntax", "scratch.pycheck docstrings", "scratch.pycheck scratch.pycheck"]
            ),
            (
                "xunit-import", 0,
                [
                    "scratch.xunit-import.arithmetic.addition PASSED \(about)",
                    "scratch.xunit-import.arithmetic.precedence PASSED \(about)",
                    "scratch.xunit-import.arithmetic.remainder PASSED \(about)",
                    "scratch.xunit-import.arithmetic.fractions INFO \(about) skipped: this shell counts whole numbers",
                ],
                [
                    "scratch.xunit-import arithmetic.addition", "scratch.xunit-import arithmetic.precedence",
                    "scratch.xunit-import arithmetic.remainder",
                    "scratch.xunit-import arithmetic.fractions",
                ]
            ),
        ]

        /// Runs one of them and compares everything it brings.
        private func agree(
            _ tasks: TaskProduct, _ name: String, _ run: String, _ mode: [String], sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let wanted = try #require(Self.expected.first { $0.task == name })
            let words = ["runtask", "--uuid", run] + mode + TaskProduct.item + ["\(TaskProduct.examples)/\(name)/runtask.yml"]
            let result = try await tasks.run(words)
            #expect(result.status == wanted.exit, "\(run): \(result.standardError)", sourceLocation: sourceLocation)
            #expect(try tasks.results(run) == wanted.results, "\(run)", sourceLocation: sourceLocation)
            #expect(try await tasks.junit(run) == wanted.cases, "\(run)", sourceLocation: sourceLocation)
            let again = try await tasks.run(["results", "junit", run])
            #expect(try again.standardOutput == tasks.text(run, "taskotron/junit.xml"), "\(run)", sourceLocation: sourceLocation)
            // What the task left lies at the same place whatever the mode.
            if name == "filecheck" {
                #expect(try tasks.text(run, "filecheck.log").contains("careless.sh:2: a tab\n"), sourceLocation: sourceLocation)
                #expect(try tasks.text(run, "filecheck.html").contains("<td>filecheck.careless</td>"), sourceLocation: sourceLocation)
            }
            #expect(try tasks.text(run, "taskotron/formula.yml").contains("name: \(name)"), sourceLocation: sourceLocation)
        }

        @Test("check 69, 70: here and in a tiny VM the examples bring the same", .timeLimit(.minutes(5)))
        func hereAndInATinyMachine() async throws {
            let tasks = try TaskProduct()
            for task in Self.expected { try await agree(tasks, task.task, "here-\(task.task)", ["--local"]) }
            // pycheck needs python3, which this guest has not.
            let tiny = ["--libvirt", "--image", "tiny"] + TaskProduct.small
            async let one: Void = agree(tasks, "filecheck", "tiny-filecheck", tiny)
            async let other: Void = agree(tasks, "xunit-import", "tiny-xunit", tiny)
            _ = try await (one, other)
            #expect(try tasks.text("tiny-filecheck", "taskotron/console.log").count > 100)
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        @Test("check 69, 70, 73: in a Debian VM and over ssh the examples bring the same; --no-destroy", .timeLimit(.minutes(10)))
        func inADebianMachineAndOverSSH() async throws {
            let tasks = try TaskProduct()
            try await agree(tasks, "pycheck", "debian", ["--libvirt", "--image", "debian-12", "--no-destroy"])

            // The command that was logged is a way in.
            let log = try tasks.text("debian", "taskotron/taskotron.log")
            let line = try #require(log.split(separator: "\n").first { $0.contains("is kept until") })
            let login = try #require(line.range(of: "ssh -i ").map { String(line[$0.lowerBound...]) })
            let hello = try await Tool.output("sh", ["-c", login + " -o BatchMode=yes hostname"])
            #expect(hello.status == 0 && hello.standardOutput == "taskotron-debian\n", "\(hello)")

            // The kept machine is one like any other: known by its key, reached over ssh.
            let words = login.split(separator: " ").map(String.init)
            let known = try #require(words.first { $0.hasPrefix("UserKnownHostsFile=") }?.split(separator: "=").last)
            try Directories.make(tasks.workspace.path + "/.ssh", mode: 0o700)
            try AtomicFile.write(AtomicFile.text(String(known)), to: tasks.workspace.path + "/.ssh/known_hosts")
            let over = ["--ssh", try #require(words.last), "--ssh-privkey", words[2]]
            async let one: Void = agree(tasks, "filecheck", "ssh-filecheck", over)
            async let other: Void = agree(tasks, "xunit-import", "ssh-xunit", over)
            async let third: Void = agree(tasks, "pycheck", "ssh-pycheck", over)
            _ = try await (one, other, third)

            // It stays until it is named, and goes whole.
            #expect(try await tasks.run(["gc"]).standardOutput.hasPrefix("debian  in use: kept"))
            #expect(try await Tool.output("sh", ["-c", login + " -o BatchMode=yes true"]).status == 0)
            #expect(try await tasks.run(["gc", "debian"]).standardOutput == "debian  removed\n")
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }
    }
}
