import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// What the configuration of task runs does to a run, and what is kept out of sight.
    @Suite(.serialized) struct TaskConfigurationTests {
        @Test("a configuration that cannot be used is 1, as a formula is; a command line is 2", .timeLimit(.minutes(1)))
        func exitCodes() async throws {
            let tasks = try TaskProduct()
            let formula = try tasks.formula("good", "  - dummy: {result: PASS}")
            try tasks.workspace.write("file", "")
            let cases = [
                ["TASKOTRON_PROFILE": "foo"], ["TASKOTRON_RUNTASK_MODE": "zz"], ["TASKOTRON_EGRESS": "a b:c"], ["TASKOTRON_KEEP_ON": "x"],
                ["TASKOTRON_ARTIFACTSDIR": tasks.workspace.path + "/file/artifacts"],
                ["TASKOTRON_LOG_FILE_ENABLED": "true", "TASKOTRON_LOGDIR": tasks.workspace.path + "/file/log"],
            ]
            for environment in cases {
                let verbs = [["runtask", "--libvirt", formula], ["run", "tiny", "--", "true"]]
                for words in verbs {
                    let result = try await tasks.run(words, environment: environment)
                    #expect(result.status == 1, "\(environment) \(words): \(result.standardError)")
                }
            }
            // A directory that nothing is written to need not be one.
            let unused = try await tasks.run(
                ["runtask", "--local", formula], environment: ["TASKOTRON_LOGDIR": tasks.workspace.path + "/file/log"])
            #expect(unused.status == 0, "\(unused.standardError)")
            #expect(try await tasks.run(["runtask", "--local", "--jobid", "1", "absent.yml"]).status == 2)
        }

        @Test(
            "check 10: what was warned about before there was a log is in it and in run.json, and on the console once",
            .timeLimit(.minutes(1)))
        func warnings() async throws {
            let tasks = try TaskProduct()
            let formula = try tasks.formula("good", "  - dummy: {result: PASS}")
            let words = ["runtask", "--local", "-t", "koji_build", "--jobid", "junk", "--uuid", "w", formula, formula]
            let result = try await tasks.run(words, environment: ["TASKOTRON_IMAGE_URL": "x"])
            #expect(result.status == 0, "\(result.standardError)")
            for text in ["TASKOTRON_IMAGE_URL': unknown variable", "--type without --item", "'junk' is not BUILDER/BUILD"] {
                #expect(result.standardError.components(separatedBy: text).count == 2, "\(text): \(result.standardError)")
                for run in ["w-1", "w-2"] {
                    #expect(try tasks.text(run, "taskotron/taskotron.log").contains(text))
                    let recorded = try #require(try tasks.record(run)["warnings"] as? [String])
                    #expect(recorded.count == 3 && recorded.contains { $0.contains(text) }, "\(recorded)")
                }
            }
            #expect(try tasks.text("w-1", "taskotron/taskotron.log").contains("DEBUG    taskotron.yaml: not found in "))
            // A repetition is warned once, too.
            let again = try await tasks.run(["rerun", "w-1"], environment: ["TASKOTRON_IMAGE_URL": "x"])
            #expect(
                again.standardError.components(separatedBy: "TASKOTRON_IMAGE_URL': unknown variable").count == 2, "\(again.standardError)")
        }

        @Test("secrets are in no file that others may read, nor in the environment of a task", .timeLimit(.minutes(1)))
        func secrets() async throws {
            let tasks = try TaskProduct()
            let shell =
                "echo \"t0ken-$$TASKOTRON_RESULTSDB_TOKEN $$TASKOTRON_RESULTSDB_SERVER ${password}\"; printf t0k; sleep 0.2; echo en-x9"
            let formula = try tasks.formula("tells", "  - shell: '\(shell)'")
            let environment = [
                "TASKOTRON_RESULTSDB_TOKEN": "t0ken-x9", "TASKOTRON_RESULTSDB_SERVER": "https://ci:hunter3@db/api",
                "TASKOTRON_LOG_FILE_ENABLED": "yes",
            ]
            let words = ["runtask", "--local", "--debug", "--uuid", "s", "--override", "password=hunter2", formula]
            let result = try await tasks.run(words, environment: environment)
            #expect(result.status == 0, "\(result.standardError)")
            #expect(try tasks.text("s", "taskotron/output.log") == "t0ken-  ********\n********\n")
            #expect(result.standardOutput == "t0ken-  ********\n********\n")
            var texts = [result.standardError, try AtomicFile.text(tasks.workspace.path + "/log/taskotron-root.log")]
            for name in try Directories.list(tasks.path("s", "taskotron")) where name != "run.json" {
                texts.append(try tasks.text("s", "taskotron/" + name))
            }
            for text in texts { for secret in environment.values where secret != "yes" { #expect(!text.contains(secret)) } }
            for text in texts { #expect(!text.contains("hunter")) }
            // What runs it again has to have it; nobody else may read that.
            let status = try #require(SystemCall.status(tasks.path("s", "taskotron/run.json")))
            #expect(status.st_mode & 0o777 == 0o600)
            #expect((try tasks.record("s")["variables"] as? [String: String])?["password"] == "********")
            #expect(try await tasks.run(["rerun", "s"], environment: environment).standardOutput == "t0ken-  ********\n********\n")
            let config = try await tasks.run(["generate-config", "--tasks"], environment: environment)
            #expect(config.status == 0 && !config.standardOutput.contains("hunter") && !config.standardOutput.contains("t0ken"))
        }

        @Test("links to the CI job and the artifacts are where a run is told about; all runs have one log", .timeLimit(.minutes(1)))
        func linksAndLog() async throws {
            let tasks = try TaskProduct()
            let script = """
                  - shell: |
                      touch ${artifactsdir}/a.log
                      echo 'results: [{item: a, type: t, outcome: PASSED, artifact: a.log}]'
                    export: results
                """
            let formula = try tasks.formula("linked", script)
            let environment = [
                "TASKOTRON_PROFILE": "production", "TASKOTRON_REPORT_TO_RESULTSDB": "no", "TASKOTRON_TASKOTRON_MASTER": "http://ci/",
                "TASKOTRON_ARTIFACTS_BASEURL": "http://web/a",
            ]
            for run in ["l1", "l2"] {
                let words = ["runtask", "--local", "--jobid", "all/17", "--uuid", run, formula]
                let result = try await tasks.run(words, environment: environment)
                #expect(result.status == 0, "\(result.standardError)")
                #expect(result.standardError.contains("artifacts from outside: http://web/a/\(run)\n"), "\(result.standardError)")
                #expect(result.standardError.contains("CI job: http://ci/builders/all/builds/17\n"))
                #expect(try tasks.text(run, "taskotron/junit.xml").contains("http://web/a/\(run)/a.log"))
                #expect(result.standardError.contains("namespaces.yaml is not in "))
            }
            let links = try #require(try tasks.record("l1")["links"] as? [String: String])
            #expect(links["log"] == "http://ci/builders/all/builds/17/steps/runtask/logs/stdio")
            let log = try AtomicFile.text(tasks.workspace.path + "/log/taskotron-root.log").split(separator: "\n")
            let rules = log.indices.filter { log[$0] == String(repeating: "#", count: 120) }
            #expect(rules.count == 2 && rules[0] == 0)
            #expect(log[1].contains(" l1: ") && log.last?.contains(" l2: Execution finished at: ") == true, "\(log.suffix(3))")
        }

        @Test("a configured release completes what a formula insists on", .timeLimit(.minutes(1)))
        func configuredRelease() async throws {
            let tasks = try TaskProduct()
            for release in ["25", "26"] {
                try Directories.make(tasks.workspace.path + "/images")
                let path = "\(tasks.workspace.path)/images/2501\(release)_1200-fedora-\(release)-cloud-x86_64.qcow2"
                try await Tool.run("qemu-img", ["create", "-q", "-f", "qcow2", path, "64M"])
            }
            let formula = try tasks.formula("asks", "  - dummy: {result: PASS}", more: "environment: {distro: fedora}\n")
            func image(_ environment: [String: String]) async throws -> String {
                let result = try await tasks.run(["runtask", "--dry-run", "--libvirt", formula], environment: environment)
                return result.standardOutput + result.standardError
            }
            #expect(try await image([:]).contains("fedora-26"))
            #expect(try await image(["TASKOTRON_DEFAULT_DISPOSABLE_RELEASE": "25"]).contains("fedora-25"))
            #expect(try await image(["TASKOTRON_DEFAULT_DISPOSABLE_RELEASE": "27"]).contains("its release as the configuration has it"))
        }
    }
}
