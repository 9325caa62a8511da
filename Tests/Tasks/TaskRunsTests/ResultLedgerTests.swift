import AtollGuestAccess
import AtollModel
import AtollPlatform
import AtollResults
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite("Tasks: results of a run") struct ResultLedgerTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    private func detail(_ outcome: Outcome, _ checkname: String = "run.test_x", note: String = "", artifact: String? = nil, id: Int? = nil)
        -> CheckDetail
    {
        var detail = CheckDetail(item: "i", type: "t", outcome: outcome, note: note, checkname: checkname, artifact: artifact)
        detail.resultsDBID = id
        return detail
    }

    private static let report = """
        <testsuites>
          <testsuite name="one"><testcase classname="A" name="test_x"/><testcase classname="B" name="test_x"><failure message="no"/></testcase>
            <testsuite name="inner"><testcase classname="C" name="test_x"/><testcase classname="C" name="test_x"/></testsuite></testsuite>
          <testsuite name="two"><testcase classname="B" name="test_x"/><testcase name="test_x"/></testsuite>
        </testsuites>
        """

    @Test("every case of a report is kept, in order, in every form, whatever their names", arguments: [true, false])
    func everyCase(isReported: Bool) async throws {
        try bench.file("r.xml", Self.report)
        let report = isReported ? "  - resultsdb: {results: '${r}'}\n" : ""
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - shell: 'cp r.xml ${artifactsdir}/r.xml'
                  - xunit: {file: '${artifactsdir}/r.xml', aggregation: none, item: i, type: t, checkname: run}
                    export: r
                \(report)  - exitcode: {result_worst: '${r}'}

                """)
        #expect(run.record.exitCode == 100 && run.record.outcome == "FAILED")
        let kept = try ResultYAML.parse(try run.text("taskotron/results.yml"))
        #expect(
            kept.map(\.checkname) == [
                "scratch.run.A.test_x", "scratch.run.B.test_x", "scratch.run.C.test_x", "scratch.run.C.test_x", "scratch.run.B.test_x",
                "scratch.run.test_x",
            ])
        #expect(kept.map(\.outcome) == [.passed, .failed, .passed, .passed, .passed, .passed])
        let junit = try JUnitReader.read(try JUnitReport.write(kept))
        #expect(junit.map(\.status) == [.passed, .failed, .passed, .passed, .passed, .passed])
        #expect(Set(junit.map { [$0.classname, $0.name] }).count == 6)
        #expect(try HTMLReport.render(kept).ranges(of: "<tr").count == 7)
        #expect(OutcomeSummary.text(kept) == "5 PASSED, 1 FAILED")
    }

    @Test("results with the same item, type and check name are kept within one batch and across batches")
    func equalKeys() {
        var ledger = ResultLedger()
        ledger.add([detail(.passed), detail(.failed), detail(.passed)])
        #expect(ledger.details.map(\.outcome) == [.passed, .failed, .passed])
        ledger.add([detail(.passed, note: "another"), detail(.failed, artifact: "two.xml")])
        #expect(ledger.details.map(\.outcome) == [.passed, .failed, .passed, .passed, .failed])
    }

    @Test("a copy of a result in a later batch is the same result, counted as often as it occurs")
    func copies() {
        var ledger = ResultLedger()
        ledger.add([detail(.passed), detail(.failed)])
        ledger.add([detail(.failed), detail(.failed), detail(.passed, id: 4)])
        #expect(ledger.details.map(\.outcome) == [.passed, .failed, .failed])
        var other = detail(.passed)
        other.keyvals["moo"] = 1
        ledger.add([other])
        #expect(ledger.details.count == 4)
    }

    @Test("reported results replace their provisional form, in its place, and nothing else")
    func reported() {
        var ledger = ResultLedger()
        ledger.add([detail(.failed, "a"), detail(.failed, "b", note: "unreported")])
        ledger.add([detail(.passed, "a", note: "waived")])
        ledger.report([detail(.passed, "a", note: "waived", id: 1)])
        #expect(ledger.details == [detail(.passed, "a", note: "waived", id: 1), detail(.failed, "b", note: "unreported")])
        // Two reports of test tools with the same names: one is reported, the other one stays.
        var two = ResultLedger()
        two.add([detail(.passed, artifact: "1.xml")])
        two.add([detail(.failed, artifact: "2.xml")])
        two.report([detail(.passed, artifact: "1.xml", id: 1)])
        #expect(two.details.map(\.outcome) == [.passed, .failed] && two.details.map(\.resultsDBID) == [1, nil])
    }

    @Test("several resultsdb actions add up; the same results reported twice are one, with the later id")
    func reportedTwice() {
        var ledger = ResultLedger()
        ledger.report([detail(.passed, id: 1), detail(.failed, id: 2)])
        ledger.report([detail(.passed, note: "second", id: 3)])
        ledger.report([detail(.failed, id: 4)])
        ledger.add([detail(.failed)])
        #expect(ledger.details.map(\.outcome) == [.passed, .failed, .passed])
        #expect(ledger.details.map(\.resultsDBID) == [1, 4, 3])
    }

    @Test("100,000 results are put together in seconds")
    func many() {
        let details = (0..<100_000).map { detail(.passed, "c.\($0 % 1000)", note: "\($0)") }
        let start = ContinuousClock.now
        var ledger = ResultLedger()
        ledger.add(details)
        ledger.add(details)
        ledger.report(details)
        #expect(ledger.details.count == 100_000 && ContinuousClock.now - start < .seconds(30))
    }
}
