import AtollModel
import AtollResults
import AtollXML
import OrderedCollections
import Testing

@Suite struct JUnitTests {
    static let details = [
        CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .passed, checkname: "mytest.a", artifact: "logs/a b.log"),
        CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .info, note: "look <here> & \"there\"", checkname: "mytest.b"),
        CheckDetail(
            item: "foo-1-1", type: "koji_build", outcome: .failed, note: "2 errors", output: ["line 1", "\u{1B}[31mred\u{0}"],
            checkname: "mytest.c"),
        CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .needsInspection, keyvals: ["moo": 11], checkname: "mytest.d"),
        CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .aborted, note: "no network", checkname: "mytest.e"),
        CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .crashed, checkname: "mytest"),
        CheckDetail(item: "bar-1-1", outcome: .passed, checkname: "other"),
    ]

    @Test("JUnit: a suite per check, a case per result, each outcome where readers look for it")
    func shape() throws {
        let text = try JUnitReport.write(
            Self.details, options: .init(artifactsURL: "http://host/artifacts/1/", timestamp: "2026-01-01T12:00:00Z"))
        #expect(text.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"atoll\""))
        let root = try XML.read(text)
        #expect(["tests", "failures", "errors", "skipped"].map { root[$0] } == ["7", "1", "2", "1"])
        #expect(root.elements.map { $0["name"] } == ["mytest", "other"])
        let suite = try #require(root.first("testsuite"))
        #expect(["tests", "failures", "errors", "skipped"].map { suite[$0] } == ["6", "1", "2", "1"])
        #expect(suite["timestamp"] == "2026-01-01T12:00:00Z")
        #expect(suite.elements.map { $0["name"] } == ["a", "b", "c", "d", "e", "mytest"])
        let cases = suite.elements
        #expect(
            cases.map { $0.elements.map(\.name).filter { $0 != "properties" && $0 != "system-out" } } == [
                [], [], ["failure"], ["skipped"], ["error"], ["error"],
            ])
        #expect(cases[1].first("system-out")?.text == "look <here> & \"there\"")
        #expect(cases[2].first("failure")?["message"] == "2 errors")
        #expect(cases[2].first("failure")?.text == "2 errors\nline 1\n\u{FFFD}[31mred\u{FFFD}")
        #expect(cases[3].first("skipped")?["message"]?.contains("NEEDS_INSPECTION") == true)
        #expect(cases[5].first("error")?["type"] == "CRASHED")
        #expect(cases[0].first("system-out")?.text.contains("http://host/artifacts/1/logs/a%20b.log") == true)
        #expect(cases[3].first("properties")?.elements.contains { $0["name"] == "moo" && $0["value"] == "11" } == true)
    }

    @Test("JUnit: our own reader and one of another language read it")
    func readers() throws {
        let text = try JUnitReport.write(Self.details)
        let cases = try JUnitReader.read(text)
        #expect(cases.map(\.status) == [.passed, .passed, .failed, .skipped, .error, .error, .passed])
        #expect(cases.map(\.suite) == Array(repeating: "mytest", count: 6) + ["other"])

        guard Python.isPresent else { return }
        let program = """
            import sys, xml.etree.ElementTree as tree
            root = tree.parse(sys.stdin).getroot()
            print(root.tag, len(root.findall('testsuite')))
            for case in root.iter('testcase'):
                print(case.get('classname'), case.get('name'), *[child.tag for child in case if child.tag not in ('properties', 'system-out')])
            """
        let lines = try Python.run(program, input: text).split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "testsuites 2", "mytest a", "mytest b", "mytest c failure", "mytest d skipped", "mytest e error", "mytest mytest error",
                "other other",
            ])
    }

    @Test("JUnit: a namespace stays in the suite's name when sub-results show where the check's name ends")
    func namespaces() throws {
        func suites(_ names: String?...) throws -> [[String?]] {
            let root = try XML.read(try JUnitReport.write(names.map { CheckDetail(item: "x", outcome: .passed, checkname: $0) }))
            return root.elements.map { suite in [suite["name"]] + suite.elements.map { $0["name"] } }
        }
        #expect(try suites("dist.rpmlint.a", "dist.rpmlint.b", "dist.rpmlint") == [["dist.rpmlint", "a", "b", "dist.rpmlint"]])
        #expect(try suites("check.a", "check.b") == [["check", "a", "b"]])
        #expect(try suites("check", nil, "check.", ".x") == [["check", "check", "check."], ["results", "results"], [".x", ".x"]])
        let root = try XML.read(
            try JUnitReport.write([CheckDetail(item: "x", checkname: "c.a"), CheckDetail(item: "y", checkname: "c.a")]))
        #expect(root.first("testsuite")?.elements.map { $0["name"] } == ["a [x]", "a [y]"])
        #expect(try XML.read(try JUnitReport.write([])).elements.isEmpty)
    }

    @Test("JUnit: several runs are one document, a suite for each, and no case is called as another")
    func severalRuns() throws {
        func details(_ outcome: Outcome, _ item: String = "x") -> [CheckDetail] {
            [CheckDetail(item: item, outcome: outcome, checkname: "c"), CheckDetail(item: item, outcome: .passed, checkname: "c.sub")]
        }
        func options(_ name: String) -> JUnitReport.Options { .init(name: name, timestamp: "2026-01-01T12:00:00Z", seconds: 1.5) }
        let text = try JUnitReport.write(
            runs: [(details(.passed), options("r-1 c")), (details(.failed), options("r-2 c")), ([], options("r-3 c"))], name: "r")
        let root = try XML.read(text)
        #expect(["name", "tests", "failures", "errors", "time"].map { root[$0] } == ["r", "4", "1", "0", "4.5"])
        #expect(root.elements.map { $0["name"] } == ["r-1 c", "r-2 c", "r-3 c"])
        #expect(root.elements.map { $0["tests"] } == ["2", "2", "0"] && root.elements.allSatisfy { $0["time"] == "1.5" })
        #expect(root.elements[0].elements.map { $0["name"] } == ["c (run 1)", "sub (run 1)"])
        #expect(root.elements[1].elements.map { $0["classname"] } == ["c", "c"])
        #expect(try JUnitReader.read(text).map(\.status) == [.passed, .passed, .failed, .passed])
        #expect(try JUnitReader.read(text).map(\.suite) == ["r-1 c", "r-1 c", "r-2 c", "r-2 c"])
        // Different items tell cases apart by themselves, and stay so in the next report.
        let items = try XML.read(
            try JUnitReport.write(runs: [(details(.passed), options("a")), (details(.passed, "y"), options("b"))], name: "r"))
        #expect(items.elements.map { $0.elements.map { $0["name"] } } == [["c [x]", "sub [x]"], ["c [y]", "sub [y]"]])

        guard Python.isPresent else { return }
        let program = """
            import sys, xml.etree.ElementTree as tree
            root = tree.parse(sys.stdin).getroot()
            for suite in root.findall('testsuite'): print(suite.get('name'), len(suite.findall('testcase')), suite.get('failures'))
            """
        #expect(try Python.run(program, input: text).split(separator: "\n") == ["r-1 c 2 0", "r-2 c 2 1", "r-3 c 0 0"])
    }

    static let xunit = """
        <?xml version="1.0" encoding="utf-8"?>
        <!-- written by some tool -->
        <testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4">
          <testcase classname="t" name="test_a" time="0.01"/>
          <testcase classname="t" name="test_b"><failure message="assert 1 == 2&#10;more">trace</failure></testcase>
          <testcase classname="t" name="test_c"><skipped message="no display"/></testcase>
          <testsuite name="inner"><testcase name="test_d"><system-out>x</system-out></testcase></testsuite>
        </testsuite></testsuites>
        """

    @Test("check 46: allpass gives one FAILED result with counts, none one result per case named check.case")
    func importing() throws {
        func results(_ text: String, _ aggregation: XUnitImport.Aggregation) throws -> [CheckDetail] {
            try XUnitImport.results(text, item: "x", type: "koji_build", checkname: "check", artifact: "r.xml", aggregation: aggregation)
        }
        let all = try results(Self.xunit, .allpass)
        #expect(all.count == 1)
        #expect(all[0].outcome == .failed)
        #expect(all[0].note == "2 PASSED, 1 INFO, 1 FAILED")
        #expect(all[0].artifact == "r.xml")
        #expect(all[0].type == "koji_build")
        let each = try results(Self.xunit, .none)
        #expect(each.map(\.checkname) == ["check.test_a", "check.test_b", "check.test_c", "check.test_d"])
        #expect(each.map(\.outcome) == [.passed, .failed, .info, .passed])
        #expect(each.map(\.note) == ["", "assert 1 == 2", "skipped: no display", ""])
        let good = "<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>"
        #expect(try results(good, .allpass)[0].outcome == .passed)
        #expect(try results("<testsuite><testcase name='a'><error/></testcase></testsuite>", .allpass)[0].outcome == .failed)
        #expect(throws: ResultsError.self) { try XUnitImport.Aggregation(parsing: "some") }
    }

    @Test("hostile XML is refused, and quickly")
    func hostile() throws {
        let bomb = "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><testsuite>&b;</testsuite>"
        let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name='&x;'/></testsuite>"
        let deep = String(repeating: "<testsuite>", count: 100_000)
        let start = ContinuousClock.now
        for text in ["", "no xml", bomb, file, deep, "<html/>", "<testsuite><testcase></testsuite>", "<testsuite/><testsuite/>"] {
            #expect(throws: ResultsError.self, "\(text.prefix(60))") { try JUnitReader.read(text) }
        }
        let log = "<testsuite><testcase name='a'><system-out>" + String(repeating: "a line &lt;of&gt; a log\n", count: 20_000)
        #expect(try JUnitReader.read(log + "</system-out></testcase></testsuite>").count == 1)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
