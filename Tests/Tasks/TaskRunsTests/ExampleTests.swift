import AtollInstances
import AtollResults
import AtollTestSupport
import Foundation
import Testing

@testable import AtollTaskRuns

@Suite("Tasks: the examples run as they are") struct ExampleTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    private static let directory =
        Checkout.root + "/init-examples/tasks"

    private func run(_ name: String, item: String?) async throws -> (run: TaskBench.Run, results: [CheckDetail]) {
        let before = try Self.files(name)
        let run = try await bench.run(path: "\(Self.directory)/\(name)/runtask.yml", item: item)
        #expect(try Self.files(name) == before)
        #expect(run.record.note == nil)
        #expect(run.has("taskotron/junit.xml") && run.has("taskotron/formula.yml"))
        return (run, try ResultYAML.parse(try run.text("taskotron/results.yml")))
    }

    private static func files(_ name: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(directory)/\(name)").sorted()
    }

    @Test("filecheck finds the careless sample, for an item and without one", arguments: ["foo-1.2-3.fc99", nil])
    func filecheck(item: String?) async throws {
        let (run, results) = try await run("filecheck", item: item)
        #expect(run.record.exitCode == 100)
        #expect(
            results.map(\.checkname) == [
                "scratch.filecheck.careless", "scratch.filecheck.clean", "scratch.filecheck.notes", "scratch.filecheck",
            ])
        #expect(results.map(\.outcome) == [.failed, .passed, .passed, .failed])
        #expect(results.allSatisfy { $0.item == item ?? "samples" && $0.artifact == "filecheck.log" })
        #expect(run.has("filecheck.log") && run.has("filecheck.html"))
    }

    @Test("pycheck gives sub-results and one for them all, for an item and without one", arguments: ["foo-1.2-3.fc99", nil])
    func pycheck(item: String?) async throws {
        let (run, results) = try await run("pycheck", item: item)
        #expect(run.record.exitCode == 0)
        #expect(results.map(\.checkname) == ["scratch.pycheck.syntax", "scratch.pycheck.docstrings", "scratch.pycheck"])
        #expect(results.map(\.outcome) == [.passed, .info, .info])
        #expect(results.allSatisfy { $0.item == item ?? "samples" })
    }

    @Test("xunit-import makes a result of each case, for an item and without one", arguments: ["foo-1.2-3.fc99", nil])
    func xunit(item: String?) async throws {
        let (run, results) = try await run("xunit-import", item: item)
        #expect(run.record.exitCode == 0)
        #expect(results.map(\.outcome) == [.passed, .passed, .passed, .info])
        #expect(results.allSatisfy { $0.item == item ?? "shell-arithmetic" && $0.artifact == "junit.xml" })
    }
}
