import AtollCommands
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Results as they reach a ResultsDB.
    @Suite(.serialized) struct TaskReportTests {

        @Test("check 49, 50, 52: what a run finds is posted, and the ids come back", .timeLimit(.minutes(1)))
        func resultsArePosted() async throws {
            let tasks = try TaskProduct()
            let server = try ResultsDBServer()
            defer { server.close() }
            let on = ["TASKOTRON_REPORT_TO_RESULTSDB": "true", "TASKOTRON_RESULTSDB_SERVER": server.url]
            let words = ["runtask", "--local", "--uuid", "posted"] + TaskProduct.item + ["\(TaskProduct.examples)/filecheck/runtask.yml"]
            let result = try await tasks.run(words, environment: on)
            #expect(result.status == 100, "\(result.standardError)")
            #expect(server.requests("POST", "/results").count == 4)
            let posted = try server.requests("POST", "/results").map { try TaskProduct.document($0.body) }
            let outcomes = posted.compactMap { $0["outcome"] as? String }
            #expect(outcomes == ["FAILED", "PASSED", "PASSED", "FAILED"])
            let data = try #require(posted[0]["data"] as? [String: Any])
            #expect("\(data["item"] ?? "")".contains("foo-1.2-3.fc99") && "\(data["type"] ?? "")".contains("koji_build"), "\(data)")
            let yaml = try tasks.text("posted", "taskotron/results.yml")
            for id in 1...4 { #expect(yaml.contains("result_id: \(id)\n") || yaml.contains("result_id: '\(id)'"), "\(yaml)") }

            // One refusal stops nothing but its own id.
            server.force(400)
            let partly = try await tasks.run(
                ["runtask", "--local", "--uuid", "partly"] + TaskProduct.item + ["\(TaskProduct.examples)/filecheck/runtask.yml"],
                environment: on)
            #expect(partly.status == 100, "\(partly.standardError)")
            #expect(server.requests("POST", "/results").count == 8 && server.results.count == 7)
        }

        @Test("check 48, 63: a local run touches no network when its formula does not", .timeLimit(.minutes(1)))
        func aLocalRunNeedsNoNetwork() async throws {
            let tasks = try TaskProduct()
            let server = try ResultsDBServer()
            defer { server.close() }
            let words = ["runtask", "--local"] + TaskProduct.item + ["\(TaskProduct.examples)/xunit-import/runtask.yml"]
            let off = try await tasks.run(words, environment: ["TASKOTRON_RESULTSDB_SERVER": server.url])
            #expect(off.status == 0 && server.connectionCount == 0, "\(off.standardError)")
            #expect(off.standardError.contains("\nresults:\n"), "\(off.standardError)")
            // So do those of several runs at once.
            let both = try await tasks.run(words + ["\(TaskProduct.examples)/filecheck/runtask.yml", "-j", "2"])
            #expect(both.standardError.components(separatedBy: "\nresults:\n").count == 3, "\(both.standardError)")
            // A namespace in which even the loopback is down.
            let alone = try await Tool.output(
                "unshare", ["--net", "env", "-C", tasks.tasks, tasks.product.binary] + words, environment: tasks.variables)
            #expect(alone.status == 0, "\(alone.standardError)")
        }

        @Test("a ResultsDB that is down is trouble around the task", .timeLimit(.minutes(2)))
        func aServerThatIsDown() async throws {
            let tasks = try TaskProduct()
            let server = try ResultsDBServer()
            server.close()
            let result = try await tasks.run(
                ["runtask", "--local", "--uuid", "down"] + TaskProduct.item + ["\(TaskProduct.examples)/filecheck/runtask.yml"],
                environment: ["TASKOTRON_REPORT_TO_RESULTSDB": "true", "TASKOTRON_RESULTSDB_SERVER": server.url])
            #expect(result.status == 102, "\(result.standardError)")
            #expect(try tasks.results("down").contains { $0.contains("ABORTED") })
        }
    }
}
