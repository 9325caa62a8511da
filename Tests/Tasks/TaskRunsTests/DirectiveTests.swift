import AtollArchive
import AtollInstances
import AtollFormula
import AtollModel
import AtollPlatform
import AtollResults
import AtollTestSupport
import Foundation
import Glibc
import OrderedCollections
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite("Tasks: directives") struct DirectiveTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    private func call(_ instance: any Instance = FakeInstance(), variables: OrderedDictionary<String, Value> = [:], log: Lines = Lines())
        throws
        -> DirectiveCall
    {
        DirectiveCall(
            session: try bench.session(instance, log: log), label: "action 1 (a)", variables: variables, checkname: "t",
            qualifiedCheckname: "scratch.t")
    }

    private func failure(_ directive: any Directive, _ parameters: Value, _ call: DirectiveCall) async throws -> String {
        let error = await #expect(throws: TaskError.self) { _ = try await directive.process(parameters, in: call) }
        return error?.message ?? ""
    }

    // MARK: results

    @Test("check 46: xunit makes one FAILED result with the counts, or one result for each case, named check.case")
    func check46() async throws {
        let report = """
            <testsuite><testcase name="a"/><testcase name="b"/><testcase name="c"><failure message="no"/></testcase></testsuite>
            """
        let instance = FakeInstance { line in line == "cat -- /var/tmp/artifacts/j.xml" ? (0, report) : (1, "") }
        let call = try call(instance, variables: ["item": "foo-1-1", "type": "koji_build"])
        func import_(_ parameters: Value) async throws -> [CheckDetail] {
            try ResultYAML.parse(try #require(try await XUnitDirective().process(parameters, in: call).text))
        }
        let one = try await import_(["file": "/var/tmp/artifacts/j.xml"])
        #expect(one.map(\.checkname) == ["t"] && one[0].outcome == .failed && one[0].note == "2 PASSED, 1 FAILED")
        #expect(one[0].artifact == "j.xml")
        let each = try await import_(["file": "/var/tmp/artifacts/j.xml", "aggregation": "none", "item": "bar", "checkname": "suite"])
        #expect(each.map(\.checkname) == ["suite.a", "suite.b", "suite.c"])
        #expect(each.map(\.outcome) == [.passed, .passed, .failed] && each.allSatisfy { $0.item == "bar" })

        let xunit = XUnitDirective()
        #expect(
            try await failure(xunit, ["file": "/var/tmp/artifacts/j.xml", "aggregation": "some"], call).contains("'allpass' or 'none'"))
        #expect(try await failure(xunit, ["file": "gone.xml"], call).contains("no report to read"))
        let unknown = try self.call(instance)
        #expect(try await failure(xunit, ["file": "/var/tmp/artifacts/j.xml"], unknown).contains("needs item"))
    }

    @Test("check 47: create_report escapes what results say, prints --- for a missing note, and stays below the artifacts")
    func check47() async throws {
        let call = try call(variables: ["artifactsdir": "/var/tmp/artifacts"])
        let report = CreateReportDirective()
        let yaml: Value = """
            results:
              - {item: "<script>alert(1)</script>", outcome: PASSED, artifact: /var/tmp/artifacts/a b.log}
            """
        _ = try await report.process(["results": yaml, "artifactsdir": "/var/tmp/artifacts", "path": "pages/r.html"], in: call)
        let page = try AtomicFile.text(call.session.files.path + "/pages/r.html")
        #expect(!page.contains("<script>") && page.contains("&lt;script&gt;") && page.contains("<td>---</td>"))
        #expect(page.contains("href=\"../a%20b.log\""))

        symlink("/", call.session.files.path + "/out")
        for path in ["../r.html", "/etc/r.html", "a/../../r.html", "out/tmp/r.html", "taskotron/run.json", "."] {
            let words = try await failure(report, ["results": yaml, "path": .string(path)], call)
            #expect(words.contains("artifacts"), "\(path): \(words)")
        }
        #expect(try await failure(report, ["results": yaml, "artifactsdir": "/etc"], call).contains("artifactsdir"))
        #expect(try await failure(report, [:], call).contains("neither"))
        #expect(try await failure(report, ["results": "nonsense"], call).contains("cannot read the results"))
    }

    @Test("check 48: with reporting off nothing is connected, the YAML is logged from a line results: on, and returned unchanged")
    func check48() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let log = Lines()
        let call = try call(log: log)
        let directive = ResultsDBDirective(options: ReportingOptions(artifactsURL: server.url, execdbServer: server.url))
        let yaml = "results:\n  - {item: a, type: b, outcome: PASSED, moo: 11}\n"
        #expect(try await directive.process(["results": .string(yaml)], in: call) == .string(yaml))
        #expect(server.connectionCount == 0)
        #expect(log.text.split(separator: "\n").contains("results:"))
        #expect(call.session.results.map(\.checkname) == ["scratch.t"])
    }

    @Test("check 55: resultsdb with file and results is an error, and file is read in the machine")
    func check55() async throws {
        let instance = FakeInstance { line in line == "cat -- /var/tmp/task/r.yml" ? (0, "results: [{item: a, type: b}]") : (1, "") }
        let call = try call(instance)
        let directive = ResultsDBDirective(options: ReportingOptions())
        #expect(
            try await failure(directive, ["file": "r.yml", "results": "results:"], call).contains("both are given (given: file, results)"))
        _ = try await directive.process(["file": "r.yml"], in: call)
        #expect(call.session.results.map(\.outcome) == [.needsInspection])
        #expect(try await failure(directive, ["file": "x.yml"], call).contains("failed to load results"))
        #expect(try await failure(directive, ["results": "nonsense"], call).contains("failed to load results"))
    }

    @Test("resultsdb reports under the formula's namespace with links to artifacts, and keeps results of other items")
    func reporting() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let call = try call()
        try AtomicFile.write("x", to: call.session.files.path + "/a.log")
        call.session.take([CheckDetail(item: "old", outcome: .failed, checkname: "scratch.old")])
        let directive = ResultsDBDirective(
            options: ReportingOptions(server: .init(server.url), artifactsURL: "http://host/artifacts"))
        let returned = try await directive.process(
            ["results": "results: [{item: a, type: b, outcome: PASSED, artifact: /var/tmp/artifacts/a.log}]"], in: call)
        let body = try #require(server.requests("POST", "/results").first?.body)
        #expect(body.contains("\"scratch.t\"") && body.contains("http://host/artifacts/run1/a.log"))
        #expect(returned.text?.contains("resultsdb_result_id: 1") == true)
        #expect(call.session.results.map(\.item) == ["old", "a"])
    }

    @Test("resultsdb out of reach aborts the run, and a namespace that is not the task's is its own error")
    func refusedReporting() async throws {
        let server = try ResultsDBServer()
        let url = server.url
        server.close()
        let yaml: Value = ["results": "results: [{item: a, type: b, outcome: PASSED}]"]
        let down = await #expect(throws: TaskError.self) {
            _ = try await ResultsDBDirective(options: ReportingOptions(server: .init(url))).process(yaml, in: try call())
        }
        #expect(down?.code == .remote)
        let other = await #expect(throws: TaskError.self) {
            let options = ReportingOptions(server: .init(url), namespaces: Namespaces(safe: ["other"]), origin: nil)
            _ = try await ResultsDBDirective(options: options).process(yaml, in: try call())
        }
        #expect(other?.code == .directive && other?.message.contains("scratch") == true)
    }

    // MARK: python

    private func python(_ parameters: Value, _ output: Lines = Lines()) async throws -> Value {
        let place = LocalInstance(directory: bench.workspace.path + "/own", environment: TaskBench.environment)
        try await place.start()
        let session = RunSession(
            instance: place, files: RunFiles(path: bench.workspace.path + "/run1"), log: RunLog { _ in }, taskDirectory: bench.directory,
            artifactsDirectory: "/a", workDirectory: "/w", silence: nil, forwarded: [], environment: [:],
            output: try OutputSink(path: bench.workspace.path + "/output") { output.add(String(decoding: $1, as: UTF8.self)) },
            limits: TarLimits())
        let call = DirectiveCall(session: session, label: "a", variables: [:], checkname: "t", qualifiedCheckname: "t")
        let result = await Result { try await PythonDirective().process(parameters, in: call) }
        #expect(try Directories.list(place.ownDirectory).filter { $0.hasSuffix(".call") }.isEmpty)
        try await place.dispose()
        return try result.get()
    }

    @Test("python: arguments keep their types and their text, stdout is the task's, neighbours can be imported, a class is called")
    func pythonCalls() async throws {
        try bench.file("lib/near.py", "WORD = 'near'\n")
        try bench.file(
            "lib/check.py",
            """
            import near, sys

            def run(text, numbers, flag, nothing, table):
                print("out", near.WORD)
                print("err", file=sys.stderr)
                assert numbers == [1, 2.5, -3] and flag is True and nothing is None and table == {"k\\u00e9y": {"a": []}}
                return text + "\\r\\nend"

            class Check:
                def __call__(self, word="none"):
                    return word
            """)
        let output = Lines()
        let text = "quotes \" ' \\ $x `y` \u{e9} \u{1f600} \t\n\u{0}end"
        let value = try await python(
            [
                "file": "lib/check.py", "callable": "run", "text": .string(text), "numbers": [1, 2.5, -3], "flag": true, "nothing": nil,
                "table": ["k\u{e9}y": ["a": []]],
            ], output)
        #expect(value == .string(text + "\r\nend"))
        #expect(output.all.joined().contains("near") && output.all.joined().contains("err"))
        #expect(try await python(["file": "lib/check.py", "callable": "Check", "word": "given"]) == "given")
        #expect(!SystemCall.exists(bench.directory + "/lib/__pycache__"))
    }

    @Test(
        "python: what is wrong is told in a sentence that lists the parameters",
        arguments: [
            ("gone.py", "run", "there is no file"), ("c.py", "gone", "gone is not in it; it has Plain, broken, listed, none, quits, run"),
            ("c.py", "VALUE", "VALUE is not callable"), ("c.py", "run", "run of FILE takes (word): missing a required argument: 'word'"),
            ("c.py", "listed", "listed returned list; a check returns text"), ("c.py", "broken", "broken raised ValueError: too bad\n"),
            ("c.py", "quits", "quits called sys.exit(3)"), ("c.py", "Plain", "no __call__"), ("bad.py", "run", "loading FILE raised"),
            ("dies.py", "run", "got no answer: python3 ended with status 9"),
        ])
    func pythonFailures(file: String, callable: String, words: String) async throws {
        try bench.file(
            "c.py",
            """
            VALUE = 1
            class Plain: pass
            def run(word): return word
            def listed(): return []
            def broken(): raise ValueError("too bad")
            def quits(): raise SystemExit(3)
            def none(): return None
            """)
        try bench.file("bad.py", "def run(:\n")
        try bench.file("dies.py", "import os\ndef run(): os._exit(9)\n")
        let error = await #expect(throws: TaskError.self) { _ = try await python(["file": .string(file), "callable": .string(callable)]) }
        let message = try #require(error?.message)
        #expect(message.contains(words.replacing("FILE", with: bench.directory + "/" + file)), "\(message)")
        #expect(message.contains("(given: file, callable)"))
        if callable == "broken" { #expect(message.contains("line 5, in broken") && !message.contains("literal_eval")) }
    }

    @Test("python: None is nothing; a wrong keyword, and a machine without python3, are told")
    func pythonRest() async throws {
        try bench.file("c.py", "def run(): return None\n")
        #expect(try await python(["file": "c.py", "callable": "run"]) == .null)
        let wrong = await #expect(throws: TaskError.self) { _ = try await python(["file": "c.py", "callable": "run", "colour": "red"]) }
        #expect(wrong?.message.contains("got an unexpected keyword argument 'colour'") == true)
        let bare = FakeInstance { $0.hasPrefix("python3") ? (127, "") : (0, "") }
        #expect(
            try await failure(PythonDirective(), ["file": "c.py", "callable": "run"], try call(bare)).contains(
                "python3 is not installed on the fake"))
    }

    // MARK: shell and its like

    @Test("shell: one line, many, or with statuses that are ignored; all output is returned; the first failure stops")
    func shell() async throws {
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - shell: [echo one, "echo two >&2", {command: "echo three; exit 4", ignorereturn: [3, 4]}, {command: "exit 77", ignorereturn: true}]
                    export: said
                  - shell: printf %s "${said}" > said
                  - shell: [false | true, touch later]
                """)
        #expect(try AtomicFile.text(bench.directory + "/said") == "one\ntwo\nthree\n")
        #expect(run.record.note?.contains("action 3 (shell): the command `false | true` ended with status 1") == true)
        #expect(!SystemCall.exists(bench.directory + "/later"))
        #expect(run.output.contains("one\n") && run.output.contains("two\n"))
        let call = try call()
        for wrong: Value in [[], nil, [["ignorereturn": 1]], [["command": "ls", "ignorereturn": "x"]], [["command": "ls", "ignore": 1]]] {
            _ = try await failure(ShellDirective(), wrong, call)
        }
    }

    @Test("createrepo gives what createrepo_c said, its errors when it failed, and where to get it when it is missing")
    func createrepo() async throws {
        let good = FakeInstance { _ in (0, "Saving\n") }
        #expect(try await CreateRepoDirective().process(["repodir": "r"], in: try call(good)) == "Saving\n")
        #expect(good.lines == ["createrepo_c /var/tmp/task/r"])
        let missing = FakeInstance { _ in (127, "") }
        #expect(try await failure(CreateRepoDirective(), ["repodir": "r"], try call(missing)).contains("environment.rpm"))
        let mash = FakeInstance()
        #expect(
            try await MashDirective().process(["rpmdir": "in", "outdir": "/out", "arch": ["x86_64"], "dodelta": true], in: try call(mash))
                == "/out")
        #expect(mash.lines.last == "createrepo_c --deltas /out")
    }

    // MARK: programs

    @Test("a guest's own files in the place of ours are left behind with a warning, but for the results it may write there")
    func reservedPlace() async throws {
        let place = try Workspace("atoll-guest")
        for name in ["taskotron/results.yml", "taskotron/run.json", "good"] { try place.write(name, "x") }
        let instance = SlowInstance(artifacts: { local, limits in
            var extraction = try TarExtraction(into: local, limits: limits)
            var writer = try TarWriter(contentsOf: place.path)
            while let piece = try writer.next() { try extraction.feed(piece) }
            return try extraction.finish()
        })
        let session = try bench.session(instance)
        try await session.fetchArtifacts()
        #expect(session.log.warnings.count == 1, "\(session.log.warnings)")
        #expect(
            session.log.warnings.first?.contains("taskotron/run.json was left behind: in the place of files that are not the task's")
                == true)
        #expect(!SystemCall.exists(session.files.results) && SystemCall.exists(session.files.path + "/good"))
    }

    @Test("a program atoll-directive-NAME reads one JSON object and answers with a value or an error; its errors are logged")
    func external() async throws {
        let bin = bench.workspace.path + "/bin"
        func program(_ name: String, _ text: String) throws {
            try AtomicFile.write("#!/bin/sh\n" + text, to: try bench.workspace.write("bin/atoll-directive-" + name, ""), mode: 0o755)
        }
        try program("ask", "echo thinking >&2; cat > \(bench.workspace.path)/question; echo '{\"value\": {\"a\": [1, \"b\"]}}'\n")
        try program("refuse", "echo '{\"error\": \"no such build\"}'; exit 1\n")
        try program("mumble", "echo hm\n")
        try program("hang", "sleep 60 & echo $! > \(bench.workspace.path)/pid; wait\n")
        var environment = TaskBench.environment
        environment["PATH"] = "relative:\(bin):/usr/bin:/bin"
        let log = Lines()
        let call = try call(variables: ["workdir": "/w", "item": "i\"1"], log: log)
        func find(_ name: String) throws -> any Directive { try DirectiveSet.standard(environment: environment).find(name) }
        #expect(try await find("ask").process(["x": ["y", true]], in: call) == ["a": [1, "b"]])
        let question = try AtomicFile.text(bench.workspace.path + "/question")
        #expect(
            question.hasPrefix(
                "{\"name\": \"ask\", \"parameters\": {\"x\": [\"y\", true]}, \"variables\": {\"workdir\": \"/w\", \"item\": \"i\\\"1\"}"))
        #expect(question.contains("\"checkname\": \"scratch.t\", \"login\": null"))
        // In a formula it hears what was typed as well.
        let other = try TaskBench()
        let run = try await other.run(formula: "name: t\nactions: [{ask: {}}]\n", item: "foo-1-1", environment: environment)
        #expect(run.record.exitCode == 0)
        let typed = try AtomicFile.text(bench.workspace.path + "/question")
        #expect(typed.contains("\"_orig_args\": {") && typed.contains("\"task\": \"t.yml\""), "\(typed)")
        #expect(log.text.contains("ask: thinking"))
        #expect(try await failure(try find("refuse"), [:], call) == "refuse failed: no such build")
        #expect(try await failure(try find("mumble"), [:], call).contains("wrote no answer"))
        for name in ["../ask", "a/b", "", "gone", "ask "] { #expect(throws: TaskError.self) { _ = try find(name) } }
        #expect(ExternalDirective.find("ask", environment: ["PATH": "bin:."]) == nil)

        let hang = try find("hang")
        let limited = DirectiveCall(
            session: call.session, label: "a", variables: [:], checkname: "t", qualifiedCheckname: "scratch.t", timeout: .milliseconds(300))
        let late = await #expect(throws: DisposableError.self) { _ = try await hang.process(["a": 1], in: limited) }
        #expect(late?.code == .timeout)
        let pid = try AtomicFile.text(bench.workspace.path + "/pid").split(separator: "\n").first ?? ""
        let isGone = await eventually {
            let status = (try? AtomicFile.text("/proc/\(pid)/stat")) ?? ") Z"
            return status.contains(") Z")
        }
        #expect(isGone)
        #expect(try Directories.list(call.session.files.own).allSatisfy { !$0.hasPrefix(".") })
    }
}
