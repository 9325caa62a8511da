import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Several runs of one command line, as people and programs look at them: all on this machine, where nothing has to boot.
    @Suite(.serialized) struct TaskSeveralTests {
        @Test("runs started together are shown, written and repeated together", .timeLimit(.minutes(2)))
        func together() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("good", "  - dummy: {result: PASS}")
            try tasks.formula("crash", "  - shell: test -e first")
            try tasks.formula("again", "  - shell: test -e second")
            // Begun within one second, runs are told apart by their names: the repetitions' are dates.
            let first = try await tasks.run(
                ["runtask", "--local", "--uuid", "0"] + TaskProduct.item + ["good.yml", "crash.yml", "again.yml"])
            #expect(first.status == 101 && first.standardError.contains("\n1 of 3 runs well\n  0-2: exit 101, "), "\(first.standardError)")

            let shown = try await tasks.run(["results", "show", "--all"])
            #expect(shown.standardOutput.hasSuffix("\n1 of 3 runs well; 2 CRASHED\n"), "\(shown.standardOutput)")
            let junit = try await tasks.run(["results", "junit", "--all", "0-1"])
            #expect(junit.standardOutput.contains("<testsuites name=\"0\" tests=\"2\" failures=\"0\" errors=\"2\""))
            #expect(junit.standardOutput.components(separatedBy: "<testsuite ").count == 4)
            let page = try await tasks.run(["results", "html", "--all"])
            #expect(page.status == 0 && page.standardOutput.matches(of: /<h2>/).count == 3)

            // What failed, then what fails still.
            try tasks.workspace.write("tasks/first", "")
            let preview = try await tasks.run(["rerun", "--failed", "--dry-run"])
            #expect(preview.status == 0 && preview.standardOutput.components(separatedBy: " atoll runtask ").count == 3, "\(preview)")
            let second = try await tasks.run(["rerun", "--failed"])
            #expect(second.status == 101 && second.standardError.contains("\n1 of 2 runs well\n"), "\(second.standardError)")
            try tasks.workspace.write("tasks/second", "")
            let third = try await tasks.run(["rerun", "--failed"])
            #expect(third.status == 0, "\(third.standardError)")
            #expect(third.standardError.hasPrefix("again: ") && third.standardError.components(separatedBy: "\nagain: ").count == 1)
            #expect(try await tasks.run(["rerun", "--failed"]).standardError.hasPrefix("nothing failed in "))
        }

        @Test("what is repeated runs where it ran, whatever says so now", .timeLimit(.minutes(1)))
        func whereItRan() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("where", "  - shell: touch ran")
            let variables = ["TASKOTRON_RUNTASK_MODE": "libvirt", "TASKOTRON_DEFAULT_IMAGE": "nosuch"]
            let first = try await tasks.run(["runtask", "--accel", "tcg", "--uuid", "wh", "where.yml"], environment: variables)
            #expect(first.status == 102, "\(first)")
            let request = try #require(try tasks.record("wh")["request"] as? [String: Any])
            #expect(request["arguments"] as? [String] == ["runtask", "--accel=tcg", "--libvirt", "where.yml"])
            let again = try await tasks.run(["rerun", "wh"])
            #expect(again.status == 102 && again.standardError.contains("there is no image nosuch"), "\(again)")
            #expect(!SystemCall.exists(tasks.tasks + "/ran"))

            // A record that does not say it: refused rather than run on this machine.
            let path = tasks.path("wh", "taskotron/run.json")
            try AtomicFile.write(try AtomicFile.text(path).replacing("\"--libvirt\",", with: ""), to: path)
            let refused = try await tasks.run(["rerun", "wh"])
            #expect(refused.status == 2 && refused.standardError.contains("TASKOTRON_RUNTASK_MODE=libvirt atoll rerun wh"), "\(refused)")
            #expect(!SystemCall.exists(tasks.tasks + "/ran"))

            // Without a flag nobody consented to changes of this machine, nor does a repetition.
            let here = try await tasks.run(["runtask", "--uuid", "here", "where.yml"])
            #expect(here.status == 0 && SystemCall.exists(tasks.tasks + "/ran"))
            let words = try #require(try tasks.record("here")["request"] as? [String: Any])["arguments"] as? [String]
            #expect(words == ["runtask", "where.yml"])
            try tasks.formula("where", "  - shell: touch other")
            let changed = try await tasks.run(["rerun", "here"])
            #expect(changed.status == 0 && changed.standardError.contains("is not what it was when here ran"), "\(changed)")
        }

        @Test("with -f json every line is an event with its time", .timeLimit(.minutes(1)))
        func events() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("one", "  - shell: printf 'no end'")
            try tasks.formula("two", "  - shell: test -e first")
            let result = try await tasks.run(["-f", "json", "runtask", "--local", "--uuid", "i", "one.yml", "two.yml"])
            let events = try result.standardOutput.split(separator: "\n").map { try TaskProduct.document(String($0)) }
            let words = ["started", "output", "finished", "started", "finished", "summary"]
            #expect(events.map { $0["event"] as? String } == words, "\(result.standardOutput)")
            let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
            #expect(events.allSatisfy { ($0["time"] as? String)?.wholeMatch(of: time) != nil })
            #expect(events[0]["artifacts"] as? String == tasks.artifacts + "/i-1" && events[0]["target"] as? String == "this machine")
            #expect(events[1]["text"] as? String == "no end" && events[2]["seconds"] is Double && events[4]["exit_code"] as? Int == 101)
            #expect(events[5]["runs"] as? Int == 2 && events[5]["well"] as? Int == 1)
            // What is repeated speaks as it was asked to now.
            let again = try await tasks.run(["-f", "json", "rerun", "--failed", "i-1"])
            #expect(try again.standardOutput.split(separator: "\n").map { try TaskProduct.document(String($0)) }.count == 2)
        }

        @Test("on a terminal our lines begin where lines begin; a pipe gets the task's bytes", .timeLimit(.minutes(1)))
        func terminal() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("open", "  - shell: printf 'no end'")
            let binary = tasks.product.binary
            let screen = try await Tool.output(
                "env", ["-C", tasks.tasks, "script", "-qec", "\(binary) runtask --local --uuid a open.yml", "/dev/null"],
                environment: tasks.variables)
            #expect(screen.standardOutput.contains("\r\nno end\r\n[atoll] "), "\(screen.standardOutput)")
            let piped = try await tasks.run(["runtask", "--local", "--uuid", "b", "open.yml"])
            #expect(piped.standardOutput == "no end")
        }

        @Test("old artifacts go when they are asked to, and a bad line of the settings stops nothing that looks", .timeLimit(.minutes(1)))
        func old() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("good", "  - dummy: {result: PASS}")
            for run in ["old", "young"] { try await tasks.run(["runtask", "--local", "--uuid", run, "good.yml"]) }
            let path = tasks.path("old", "taskotron/run.json")
            let dated = try AtomicFile.text(path).replacing(/"finished" : "20\d\d/, with: "\"finished\" : \"2001")
            try AtomicFile.write(dated, to: path)
            let plan = try await tasks.run(["gc", "--artifacts-older-than", "30", "-n"])
            #expect(plan.standardOutput.hasPrefix("old  artifacts would be removed: \(tasks.artifacts)/old, ended 2001-"), "\(plan)")

            try tasks.workspace.write(".config/taskotron/taskotron.yaml", "keep_on: failure\nkeep_for: soon\n")
            for words in [["results", "list"], ["results", "show", "young"], ["gc"], ["images", "list"]] {
                let result = try await tasks.run(words)
                #expect(
                    result.status == 0 && result.standardError.contains("taskotron.yaml:2:11: warning: keep_for"), "\(words): \(result)")
            }
            #expect(try await tasks.run(["gc", "--artifacts-older-than", "30"]).status == 2)
            try tasks.workspace.write(".config/taskotron/taskotron.yaml", "keep_on: failure\nkeep_for: 2h\n")
            #expect(try await tasks.run(["gc", "--artifacts-older-than", "30"]).status == 0)
            #expect(try Directories.list(tasks.artifacts) == ["young"])
        }
    }
}
