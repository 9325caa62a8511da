import AtollModel
import AtollResults
import AtollTestSupport
import Testing

@Suite struct HTMLReportTests {
    @Test("check 47: create_report escapes <script>, and a missing note is ---")
    func escaping() throws {
        let evil = "<script>alert(\"x\")</script>'&"
        let details = [
            CheckDetail(item: evil, type: evil, outcome: .failed, note: evil, checkname: evil, artifact: evil),
            CheckDetail(item: "quiet", outcome: .passed, checkname: "c"),
        ]
        let page = try HTMLReport.render(details, options: .init(title: evil))
        #expect(!page.contains("<script"))
        #expect(page.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;"))
        #expect(page.contains("<td>---</td><td>---</td></tr>"))
        #expect(page.contains("<tr class=\"failed\">") && page.contains("<tr class=\"passed\">"))
        #expect(!page.contains("{{"))
        #expect(!page.contains("src=") && !page.contains("@import"), "nothing is loaded from elsewhere")
    }

    @Test("builds, updates and artifacts are links; a scheme in an artifact's name is not")
    func links() throws {
        let details = [
            CheckDetail(item: "foo-1.0-1.fc30", type: "koji_build", outcome: .info, artifact: "/art/run/logs/a b.log"),
            CheckDetail(item: "FEDORA-2017-04459ef8cf", type: "bodhi_update", outcome: .passed, artifact: "javascript:alert(1)"),
            CheckDetail(item: "x\" onclick=\"y", type: "koji_build", outcome: .crashed, artifact: "/art/run-evil/x"),
            CheckDetail(item: "z", outcome: .crashed, artifact: "../../etc/passwd"),
        ]
        var options = HTMLReport.Options(artifactsDirectory: "/art/run", path: "sub/report.html")
        let page = try HTMLReport.render(details, options: options)
        #expect(
            page.contains(
                "<a href=\"https://koji.fedoraproject.org/koji/search?match=glob&amp;type=build&amp;terms=foo-1.0-1.fc30\">foo-1.0-1.fc30</a>"
            ))
        #expect(page.contains("<a href=\"https://bodhi.fedoraproject.org/updates/FEDORA-2017-04459ef8cf\">"))
        #expect(page.contains("<a href=\"../logs/a%20b.log\">/art/run/logs/a b.log</a>"))
        #expect(page.contains("href=\"../javascript%3Aalert%281%29\""))
        #expect(!page.contains("\" onclick"))
        #expect(page.contains("<td>/art/run-evil/x</td>"))
        #expect(page.contains("<td>../../etc/passwd</td>"))
        #expect(page.contains("<tr class=\"other\">"))
        options.path = "report.html"
        #expect(try HTMLReport.render(details, options: options).contains("href=\"./javascript%3A"))
    }

    @Test("several runs are one page, each with its heading and links into its own directory")
    func severalRuns() throws {
        func run(_ name: String) -> (details: [CheckDetail], options: HTMLReport.Options) {
            var options = HTMLReport.Options(title: "<\(name)>", artifactsDirectory: "/art/\(name)")
            options.base = name
            return ([CheckDetail(item: "x", outcome: .passed, artifact: "a log")], options)
        }
        let page = try HTMLReport.render(runs: [run("r-1"), run("r 2"), ([], .init(title: "none"))], title: "r")
        #expect(page.contains("<h1>r</h1>\n<p>2 PASSED</p>\n<h2>&lt;r-1&gt;</h2>\n<p>1 PASSED</p>\n<table>"))
        #expect(page.contains("href=\"r-1/a%20log\"") && page.contains("href=\"r%202/a%20log\""))
        #expect(page.contains("<h2>none</h2>\n<p>no results</p>"))
        #expect(page.matches(of: /<table>/).count == 3 && page.matches(of: /<html/).count == 1)
    }

    @Test("a template of one's own gets the table; one without its place, and bad ResultYAML, are errors")
    func template() throws {
        var options = HTMLReport.Options(title: "T & U", template: "<h1>{{title}}</h1>{{ summary }}|{{ results }}|{{ other }}")
        let page = try HTMLReport.render(yaml: "results: [{item: '{{ title }}', outcome: PASSED}]", options: options)
        #expect(page.hasPrefix("<h1>T &amp; U</h1>1 PASSED|<table>"))
        #expect(page.hasSuffix("</table>|{{ other }}"))
        #expect(page.contains("<td>{{ title }}</td>"))
        options.template = "nothing"
        #expect(throws: ResultsError.self) { try HTMLReport.render([], options: options) }
        let error = #expect(throws: ResultsError.self) { try HTMLReport.render(yaml: "[]") }
        #expect(error?.code == .directive)
    }
}
