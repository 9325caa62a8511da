import AtollDocuments
import AtollModel
import AtollResults
import AtollTestSupport
import Foundation
import Glibc
import OrderedCollections
import Synchronization
import Testing

@Suite struct ReportingTests {
    let workspace: Workspace
    let run: ResultsDBReport.Run

    init() throws {
        workspace = try Workspace("atoll-results")
        run = ResultsDBReport.Run(
            uuid: "20260101_120000_123456", execdbServer: "http://localhost:5003/", artifactsURL: "http://localhost/artifacts/",
            artifactsDirectory: workspace.path + "/artifacts", namespace: "dist")
        try workspace.write("artifacts/xchat.log", "")
    }

    static let details = [
        CheckDetail(
            item: "xchat-0.5-1.fc20", type: "koji_build", outcome: .passed, note: "5 ERRORS", keyvals: ["compose_id": "F-25", "moo": 11],
            checkname: "rpmlint", artifact: "xchat.log"),
        CheckDetail(item: "b", type: "koji_build", outcome: .failed, checkname: "rpmlint"),
        CheckDetail(item: "c", type: "koji_build", outcome: .info, checkname: "rpmlint.sub"),
    ]

    private final class Log: Sendable {
        let lines = Mutex<[(ResultsDBReporter.Level, String)]>([])
        func add(_ level: ResultsDBReporter.Level, _ text: String) { lines.withLock { $0.append((level, text)) } }
        func texts(_ level: ResultsDBReporter.Level) -> [String] { lines.withLock { $0.filter { $0.0 == level }.map(\.1) } }
    }

    @Test("check 48: reporting off: no connection, the YAML is logged from a results: line on, and returned unchanged")
    func off() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let log = Log()
        let yaml = "# mine\n" + (try ResultYAML.text(Self.details)) + "\n\n"
        let report = try await ResultsDBReporter.report(yaml: yaml, run: run, server: nil, log: log.add)
        #expect(report.yaml == yaml)
        #expect(server.connectionCount == 0)
        let lines = log.texts(.info)[0].split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "results:"))
        let scraped = lines[start...].prefix { !$0.isEmpty }.joined(separator: "\n")
        #expect(try ResultYAML.parse(scraped) == Self.details)
        #expect(log.lines.withLock { $0.allSatisfy { $0.1.contains("\n") == ($0.0 == .info) } })
    }

    @Test("check 49: on: one testcase GET per name and one POST per result, ids in the returned YAML")
    func on() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let log = Log()
        let report = try await ResultsDBReporter.report(
            yaml: try ResultYAML.text(Self.details), run: run, server: .init(server.url + "/", testcaseURL: "http://docs"), log: log.add)
        #expect(server.requests("GET", "/testcases/dist.rpmlint").count == 1)
        #expect(server.requests("GET", "/testcases/dist.rpmlint.sub").count == 1)
        #expect(server.requests("POST", "/testcases").count == 2)
        #expect(server.requests("POST", "/results").count == 3)
        #expect(server.requests.count == 7)
        #expect(server.testcases == ["dist.rpmlint": "http://docs", "dist.rpmlint.sub": "http://docs"])
        #expect(server.groups == [run.uuid: "http://localhost:5003/jobs/20260101_120000_123456"])
        #expect(report.details.map(\.resultsDBID) == [1, 2, 3])
        #expect(try ResultYAML.parse(report.yaml) == report.details)
        #expect(report.failures.isEmpty)
        #expect(log.texts(.error) == [])
    }

    @Test("check 50: the body is the documented one, keyvals under data")
    func body() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let yaml = try ResultYAML.text(Self.details)
        _ = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init(server.url), log: { _, _ in })
        let request = server.requests("POST", "/results")[0]
        #expect(request.headers["content-type"] == "application/json")
        #expect(
            try ValueJSON.parse(request.body) == [
                "outcome": "PASSED", "testcase": "dist.rpmlint",
                "groups": [["uuid": "20260101_120000_123456", "ref_url": "http://localhost:5003/jobs/20260101_120000_123456"]],
                "note": "5 ERRORS", "ref_url": "http://localhost/artifacts/20260101_120000_123456/xchat.log",
                "data": ["item": "xchat-0.5-1.fc20", "type": "koji_build", "compose_id": "F-25", "moo": 11],
            ])
        #expect(try ValueJSON.parse(server.results[0])["data"]?["moo"] == ["11"])
    }

    @Test("check 51: an artifact that is there is linked; a missing, outside or sibling one gives the bare URL and a warning")
    func artifacts() throws {
        try workspace.write("artifacts/a/b ü.log", "")
        try workspace.write("artifacts-evil/b.log", "")
        try workspace.write("outside.log", "")
        let base = "http://localhost/artifacts/20260101_120000_123456"
        let directory = workspace.path + "/artifacts"
        symlink("../outside.log", directory + "/leak.log")
        symlink("b ü.log", directory + "/a/inside.log")
        func reference(_ artifact: String?) -> (url: String, warning: String?) { ResultsDBReport.reference(artifact: artifact, run: run) }
        #expect(reference("a/b ü.log").url == base + "/a/b%20%C3%BC.log")
        #expect(reference(directory + "/a/b ü.log").url == base + "/a/b%20%C3%BC.log")
        #expect(reference("a").url == base + "/a")
        #expect(reference("a/inside.log").url == base + "/a/inside.log")
        #expect(reference("a/b ü.log").warning == nil)
        #expect(reference(nil) == (base, nil))
        for artifact in [
            "missing.log", "../outside.log", workspace.path + "/artifacts-evil/b.log", "../artifacts-evil/b.log", "leak.log", "/etc/passwd",
            ".",
        ] {
            let (url, warning) = reference(artifact)
            #expect(url == base, "\(artifact)")
            #expect(warning?.contains(artifact) == true)
        }
    }

    @Test("check 52: a refused result does not stop the others, and only it has no id")
    func refused() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let log = Log()
        let details = [
            CheckDetail(item: "a", type: "t", outcome: .passed, checkname: "c"),
            CheckDetail(item: "b", type: "t", outcome: .crashed, checkname: "c"),
            CheckDetail(item: "c", type: "t", outcome: .passed, keyvals: ["a:b": 1], checkname: "c"),
            CheckDetail(item: "d", type: "t", outcome: .passed, keyvals: ["l": [1, 2]], checkname: "c"),
        ]
        let report = try await ResultsDBReporter.report(
            yaml: try ResultYAML.text(details), run: run, server: .init(server.url), log: log.add)
        #expect(report.details.map(\.resultsDBID) == [1, nil, nil, 2])
        #expect(report.failures.map(\.index) == [1, 2])
        #expect(report.failures.allSatisfy { $0.error.code == .refused && $0.error.status == 400 })
        #expect(report.failures[0].error.message.contains("ADDITIONAL_RESULT_OUTCOMES"))
        #expect(report.failures[1].error.message.contains("Colon"))
        #expect(!report.isServerDown)
        #expect(log.texts(.error).count == 2)
        #expect(server.results[1].contains("\"l\":[\"1\",\"2\"]"))

        let lenient = try ResultsDBServer(additionalOutcomes: ["CRASHED", "ABORTED"])
        defer { lenient.close() }
        lenient.force(500, 0)
        let second = try await ResultsDBReporter.report(
            yaml: try ResultYAML.text([details[0], details[0], details[1]]), run: run, server: .init(lenient.url), log: { _, _ in })
        #expect(second.details.map(\.resultsDBID) == [nil, nil, 1])
        #expect(second.failures.map(\.error.code) == [.refused, .unreachable])
    }

    @Test("check 53: a result without checkname, item or type is a directive error, and nothing is posted")
    func incomplete() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        for yaml in [
            "results: [{item: a, type: t, outcome: PASSED}]", "results: [{item: a, checkname: c}]", "results: [{type: t, checkname: c}]",
            "[]", "",
        ] {
            await #expect(throws: ResultsError.self) {
                _ = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init(server.url), log: { _, _ in })
            }
        }
        let error = #expect(throws: ResultsError.self) { try ResultsDBReport([CheckDetail(item: "a")], run: run) }
        #expect(error?.code == .directive)
        #expect(error?.message.contains("type and checkname") == true)
        #expect(server.requests.isEmpty)
        var named = run
        named.checkname = "fallback"
        #expect(try ResultsDBReport([CheckDetail(item: "a", type: "t")], run: named).entries[0].testcase == "dist.fallback")
    }

    @Test("check 54 over HTTP: a namespace that is not allowed stops everything before the first request")
    func namespaces() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let yaml = try ResultYAML.text(Self.details)
        let error = await #expect(throws: ResultsError.self) {
            _ = try await ResultsDBReporter.report(
                yaml: yaml, run: run, server: .init(server.url), namespaces: (Namespaces(), "https://x"), log: { _, _ in })
        }
        #expect(error?.code == .namespace)
        #expect(server.connectionCount == 0)
        let report = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init(server.url), namespaces: nil, log: { _, _ in })
        #expect(report.failures.isEmpty)
    }

    @Test("a server that is not there, or never answers, is an error that says what to check, and is not asked for every result")
    func unreachable() async throws {
        let gone = try ResultsDBServer()
        let url = gone.url
        gone.close()
        let log = Log()
        let yaml = try ResultYAML.text(Array(repeating: Self.details[1], count: 5))
        let report = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init(url), log: log.add)
        #expect(report.isServerDown)
        #expect(report.failures.count == 5)
        #expect(report.failures[0].error.message.contains("connection refused"))
        #expect(report.failures[0].error.message.contains("resultsdb_server"))
        #expect(log.texts(.error).count == 3)
        #expect(report.yaml == yaml)

        let mute = try ResultsDBServer(isMute: true)
        defer { mute.close() }
        let start = ContinuousClock.now
        let silent = try await ResultsDBReporter.report(
            yaml: yaml, run: run, server: .init(mute.url, timeout: .milliseconds(100)), log: { _, _ in })
        #expect(silent.isServerDown)
        #expect(ContinuousClock.now - start < .seconds(5))
        await #expect(throws: ResultsError.self) {
            _ = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init("localhost:5001/api"), log: { _, _ in })
        }
    }

    @Test("authorization is sent and never shown")
    func authorization() async throws {
        let server = try ResultsDBServer(authorization: "Bearer s3cret")
        defer { server.close() }
        let yaml = try ResultYAML.text([Self.details[1]])
        let authorization = ResultsDBAuthorization.bearer("s3cret")
        var shown = ""
        dump(authorization, to: &shown)
        #expect(!"\(authorization) \(String(reflecting: authorization)) \(shown)".contains("s3cret"))
        let good = try await ResultsDBReporter.report(
            yaml: yaml, run: run, server: .init(server.url, authorization: authorization), log: { _, _ in })
        #expect(good.failures.isEmpty)

        let inURL = server.url.replacingOccurrences(of: "http://", with: "http://me:s3cret@")
        let bad = try await ResultsDBReporter.report(yaml: yaml, run: run, server: .init(inURL), log: { _, _ in })
        #expect(server.requests.last?.headers["authorization"] == "Basic " + Data("me:s3cret".utf8).base64EncodedString())
        #expect(bad.failures.first?.error.status == 401)
        #expect(bad.failures.first?.error.message.contains("s3cret") == false)
    }
}
