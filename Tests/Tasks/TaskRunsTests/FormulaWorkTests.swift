import AtollInstances
import AtollFormula
import AtollModel
import AtollPlatform
import AtollResults
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite("Tasks: formulas") struct FormulaWorkTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    @Test("check 16: an unknown directive is named with the known ones, and later actions do not run")
    func check16() async throws {
        let run = try await bench.run(formula: "name: t\nactions: [{shel: ls}, {shell: touch ran}]\n")
        #expect(run.record.exitCode == 1)
        #expect(
            run.record.note?.contains("action 1 (shel): there is no directive shel; did you mean shell? Known are bash, create_report")
                == true)
        #expect(!SystemCall.exists(bench.directory + "/ran"))
    }

    @Test("check 17: a missing argument is told before any package is looked for and any action runs")
    func check17() async throws {
        let instance = FakeInstance()
        try bench.file("t.yml", "name: t\ninput: {args: [koji_build]}\nenvironment: {packages: [xz]}\nactions: [{shell: ls}]\n")
        let arguments = try bench.arguments("t.yml")
        let work = FormulaWork(formula: try Formula.load(arguments.task), arguments: arguments, reporting: ReportingOptions())
        #expect(throws: InvalidInput.self) { try work.check() }
        let error = await #expect(throws: InvalidInput.self) { _ = try await work.perform(try bench.session(instance)) }
        #expect("\(try #require(error))".contains("missing value for 'koji_build'"))
        #expect(instance.commands.isEmpty)
    }

    @Test("check 19: an export is there for the next action, and not before")
    func check19() async throws {
        let good = try await bench.run(
            formula: "name: t\nactions: [{dummy: {result: PASS, msg: hello}, export: word}, {shell: 'echo $word > said'}]\n")
        #expect(good.record.exitCode == 0)
        #expect(try AtomicFile.text(bench.directory + "/said") == "hello\n")
        let other = try TaskBench()
        let early = try await other.run(
            formula: "name: t\nactions: [{shell: 'echo $word'}, {dummy: {result: PASS, msg: hello}, export: word}]\n")
        #expect(early.record.exitCode == 1)
        #expect(early.record.note?.contains("word") == true)
    }

    @Test("check 20: a reference that stands alone hands a list to the directive")
    func check20() async throws {
        try bench.file("c.py", "def run(names, count):\n    print(repr(names), repr(count))\n")
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - {dummy: {result: PASS, msg: {downloaded_rpms: [a b, c], count: 3}}, export: fetched}
                  - python: {file: c.py, callable: run, names: "${fetched.downloaded_rpms}", count: "${fetched.count}"}
                """)
        #expect(run.record.note == nil)
        #expect(run.output == "['a b', 'c'] 3\n")
    }

    @Test("check 27: dummy fails in any letter case, returns msg of any kind, and null without one")
    func check27() async throws {
        let call = DirectiveCall(
            session: try bench.session(FakeInstance()), label: "a", variables: [:], checkname: "t", qualifiedCheckname: "scratch.t")
        let dummy = DummyDirective()
        await #expect(throws: TaskError.self) { _ = try await dummy.process(["result": "FaIl"], in: call) }
        #expect(try await dummy.process(["result": "PASS", "msg": [1]], in: call) == [1])
        #expect(try await dummy.process(["result": "PASS"], in: call) == .null)
        let error = await #expect(throws: TaskError.self) { _ = try await dummy.process(["msg": "x"], in: call) }
        #expect(error?.message == "dummy needs result (given: msg)")
    }

    @Test("check 28: --override workdir is honoured in variables and in the command's environment, and never evaluated")
    func check28() async throws {
        let place = bench.workspace.path + "/own work $(touch evil)"
        let run = try await bench.run(
            formula: "name: t\nactions: [{dummy: {result: PASS, msg: '${workdir}'}, export: w}, {shell: 'printf %s \"$$WORKDIR\" > at'}]\n",
            overrides: ["workdir=\(place)"])
        #expect(run.record.note == nil)
        #expect(try AtomicFile.text(bench.directory + "/at") == place)
        #expect(SystemCall.isDirectory(place) && !SystemCall.exists(bench.directory + "/evil"))
    }

    @Test("check 43: exitcode is 0 for PASSED and INFO, 100 for any worse one; last looks at the last; both parameters are an error")
    func check43() async throws {
        func code(_ parameters: Value) async throws -> Int32? {
            let session = try bench.session(FakeInstance())
            let call = DirectiveCall(session: session, label: "a", variables: [:], checkname: "t", qualifiedCheckname: "scratch.t")
            _ = try await ExitCodeDirective().process(parameters, in: call)
            return session.exitCode
        }
        #expect(try await code(["result_worst": .string(results("PASSED", "INFO"))]) == 0)
        for outcome in ["FAILED", "NEEDS_INSPECTION", "ABORTED", "CRASHED"] {
            #expect(try await code(["result_worst": .string(results(outcome, "PASSED"))]) == 100)
            #expect(try await code(["result_last": .string(results(outcome, "PASSED"))]) == 0)
            #expect(try await code(["result_last": .string(results("PASSED", outcome))]) == 100)
        }
        #expect(try await code(["result_worst": "results:"]) == 0)
        for wrong: Value in [
            ["result_worst": "results:", "result_last": "results:"], [:], ["result_worst": "nonsense"], ["worst": "results:"],
        ] {
            await #expect(throws: TaskError.self) { _ = try await code(wrong) }
        }
    }

    @Test("check 44: of two exitcode actions the worse one decides, whatever their order")
    func check44() async throws {
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - {dummy: {result: PASS, msg: "results: [{item: a, outcome: FAILED}]"}, export: bad}
                  - {exitcode: {result_worst: "${bad}"}}
                  - {exitcode: {result_worst: "results: []"}}
                """)
        #expect(run.record.exitCode == 100)
        #expect(run.record.outcome == "FAILED")
    }

    @Test("check 63: a local run runs the formula's commands and no others, and speaks to no server")
    func check63() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let run = try await bench.run(
            formula: "name: t\nactions: [{shell: echo one}, {resultsdb: {results: 'results: [{item: a, type: b, outcome: PASSED}]'}}]\n",
            reporting: ReportingOptions(artifactsURL: server.url, execdbServer: server.url))
        #expect(run.record.exitCode == 0)
        #expect(server.connectionCount == 0)
        // The last two ask for what the task wrote, and for facts of the machine.
        #expect(run.commands.map(\.line) == ["echo one", "cat -- \(run.files.path)/taskotron/results.yml", MachineFacts.script])
    }

    @Test("check 65: the shim's command line has what is forwarded and nothing else, and an item with quotes and spaces survives")
    func check65() async throws {
        let item = "it's \"a b\" $(touch evil) `x`"
        try bench.file("t.yml", "name: t\nactions: [{shell: ls}]\n")
        let arguments = try bench.arguments("t.yml", item: item, overrides: ["a=b"]) {
            $0.local = false
            $0.ssh = "root@host:33"
            $0.sshPrivkey = "/secret/key"
            $0.debug = true
            $0.arch = "x86_64"
        }
        let words = arguments.forwarded
        for option in ["--uuid", "--item", "--type", "--arch", "--debug"] { #expect(words.contains(option)) }
        for option in ["--ssh", "--ssh-privkey", "--local", "--libvirt", "--no-destroy", "--task"] { #expect(!words.contains(option)) }
        #expect(!words.contains { $0.contains("secret") || $0.contains("host:33") })

        // As sshd gives it to the login shell.
        let place = LocalInstance(directory: bench.workspace.path + "/own", environment: TaskBench.environment)
        try await place.start()
        let shim = Shim(path: place.ownDirectory + "/shim")
        let script = "printf '%s|%s|%s' \"$TASKOTRON_ITEM\" \"$TASKOTRON_TYPE\" \"$TASKOTRON_UUID\""
        let line = Shim.line(shim.words(InstanceCommand(.arguments(["sh", "-c", script]), forwarded: words), number: 7))
        let found = try await place.capture(InstanceCommand(.arguments(["sh", "-c", line])))
        #expect(String(decoding: found.output, as: UTF8.self) == "\(item)|koji_build|run1")
        #expect(!SystemCall.exists("evil"))
        try await place.dispose()
    }

    @Test("a failing action is named with its label, and what came before it stays: results, then a synthesized one")
    func failure() async throws {
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - {dummy: {result: PASS, msg: "results: [{item: foo-1-1, checkname: t.sub, outcome: PASSED}]"}, export: r}
                  - {name: break it, shell: ["echo some words; exit 3"]}
                  - {shell: touch ran}
                """, item: "foo-1-1")
        #expect(run.record.exitCode == 101)
        #expect(run.record.note == "action 2 (break it): the command `echo some words; exit 3` ended with status 3:\nsome words")
        #expect(!SystemCall.exists(bench.directory + "/ran"))
        let kept = try ResultYAML.parse(try run.text("taskotron/results.yml"))
        #expect(kept.map(\.checkname) == ["scratch.t.sub", "scratch.t"])
        #expect(kept.map(\.outcome) == [.passed, .crashed])
    }

    @Test("a run that breaks before it reported is reported as broken, once, and a refusal of that changes nothing")
    func reportedBroken() async throws {
        let benches = try (0..<4).map { _ in try TaskBench() }
        let server = try ResultsDBServer(additionalOutcomes: ["CRASHED"])
        defer { server.close() }
        let reporting = ReportingOptions(server: .init(server.url))
        let formula = "name: t\nactions: [{shell: 'exit 3'}, {resultsdb: {results: 'results: []'}}]\n"
        let run = try await bench.run(formula: formula, item: "foo-1-1", reporting: reporting)
        #expect(run.record.exitCode == 101)
        let body = try #require(server.requests("POST", "/results").first?.body)
        #expect(server.results.count == 1)
        for word in ["\"outcome\": \"CRASHED\"", "\"testcase\": \"scratch.t\"", "\"foo-1-1\"", "\"koji_build\""] {
            #expect(body.contains(word), "\(body)")
        }
        #expect(try ResultYAML.parse(try run.text("taskotron/results.yml")).map(\.resultsDBID) == [1])

        // A server that knows no CRASHED refuses it.
        let strict = try ResultsDBServer()
        defer { strict.close() }
        let refused = try await benches[0].run(formula: formula, item: "foo-1-1", reporting: ReportingOptions(server: .init(strict.url)))
        #expect(refused.record.exitCode == 101 && strict.requests("POST", "/results").count == 1)
        #expect(refused.log.contains("ERROR") && refused.log.contains("is not posted"))
        #expect(try ResultYAML.parse(try refused.text("taskotron/results.yml")).map(\.outcome) == [.crashed])

        // Nobody waits where nothing is reported, about no item, or once something was.
        let before = server.connectionCount
        _ = try await benches[1].run(formula: formula, reporting: reporting)
        _ = try await benches[2].run(formula: "name: t\nactions: [{shell: 'exit 3'}]\n", item: "foo-1-1", reporting: reporting)
        #expect(server.connectionCount == before)
        let told = "results: [{item: foo-1-1, type: koji_build, outcome: FAILED, note: real}]"
        let later = try await benches[3].run(
            formula: "name: t\nactions: [{resultsdb: {results: '\(told)'}}, {shell: 'exit 4'}]\n", item: "foo-1-1", reporting: reporting)
        #expect(server.results.count == 2)
        let kept = try ResultYAML.parse(try later.text("taskotron/results.yml"))
        #expect(kept.map(\.outcome) == [.failed, .crashed] && kept.map(\.resultsDBID) == [2, nil] && kept[0].note == "real")
    }

    @Test("check 49: two actions that report under one name ask for it once")
    func check49() async throws {
        let server = try ResultsDBServer()
        defer { server.close() }
        let reporting = ReportingOptions(server: .init(server.url))
        func action(_ item: String) -> String { "{resultsdb: {results: 'results: [{item: \(item), type: b, outcome: PASSED}]'}}" }
        let run = try await bench.run(formula: "name: t\nactions: [\(action("a")), \(action("c"))]\n", reporting: reporting)
        #expect(run.record.exitCode == 0 && server.results.count == 2)
        #expect(server.requests("GET", "/testcases/scratch.t").count == 1)
    }

    @Test("a formula that cannot be used is a run about its item that CRASHED, reported where it would have been")
    func brokenFormula() async throws {
        let server = try ResultsDBServer(additionalOutcomes: ["CRASHED"])
        defer { server.close() }
        try bench.file("b.yml", "name: size\nnamespace: dist\nactions: [{shell: a, python: {file: b}}, {resultsdb: {results: x}}]\n")
        let arguments = try bench.arguments("b.yml", item: "foo-1-1")
        let problems = try #require(throws: InvalidInput.self) { try Formula.load(arguments.task) }
        let work = BrokenFormula(problems, arguments: arguments, reporting: ReportingOptions(server: .init(server.url)))
        let files = RunFiles(path: arguments.artifactsdir)
        let overlord = Overlord(policy: Overlord.Policy(), log: RunLog { _ in }) { _, _ in }
        let record = try await overlord.run(work, record: TaskBench.record(arguments), files: files) { FakeInstance() }
        #expect(record.exitCode == 1 && record.outcome == "CRASHED")
        let detail = try #require(try ResultFile.read(files.results).first)
        #expect(detail.checkname == "dist.size" && detail.item == "foo-1-1" && detail.type == "koji_build" && detail.resultsDBID == 1)
        #expect(detail.note.contains("b.yml:3:22: actions[0].python"), "\(detail.note)")

        for text in ["", "[a, b]", "name: [x\n", "name: two words\nactions: []\n"] {
            try bench.file("half.yml", text)
            #expect(Formula.Heading(of: bench.directory + "/half.yml").name == "half")
        }
        #expect(Formula.Heading(of: "/nowhere/.yml").name == ".yml")
    }

    @Test("an action's own timeout ends it, and says which")
    func timeout() async throws {
        let run = try await bench.run(formula: "name: t\nactions: [{name: slow, shell: 'sleep 60', timeout: 1}]\n", item: "foo-1-1")
        #expect(run.record.exitCode == 103)
        #expect(run.record.outcome == "ABORTED")
        #expect(run.record.note == "action 1 (slow): did not end within 1 s")
    }

    @Test("handing on results that nobody made is no success, and an empty list of results is")
    func promised() async throws {
        try bench.file("c.py", "def run():\n    return None\n")
        let nothing = try await bench.run(
            formula: "name: t\nactions: [{python: {file: c.py, callable: run}, export: r}, {resultsdb: {results: '${r}'}}]\n",
            item: "foo-1-1")
        #expect(nothing.record.exitCode == 101)
        #expect(nothing.record.outcome == "CRASHED")
        let other = try TaskBench()
        let empty = try await other.run(
            formula: "name: t\nactions: [{resultsdb: {results: 'results: []'}}, {exitcode: {result_worst: 'results: []'}}]\n",
            item: "foo-1-1")
        #expect(empty.record.exitCode == 0)
    }

    @Test("results that a task writes to taskotron/results.yml count, and broken ones are the task's failure")
    func written() async throws {
        let formula =
            "name: t\nactions: [{shell: 'mkdir -p ${artifactsdir}/taskotron; printf \"%s\" \"TEXT\" > ${artifactsdir}/taskotron/results.yml'}]\n"
        let good = try await bench.run(
            formula: formula.replacing("TEXT", with: "results: [{item: a, checkname: scratch.x, outcome: INFO}]"))
        #expect(good.record.note == nil)
        #expect(try ResultYAML.parse(try good.text("taskotron/results.yml")).map(\.checkname) == ["scratch.x"])
        let other = try TaskBench()
        let bad = try await other.run(formula: formula.replacing("TEXT", with: "nonsense"))
        #expect(bad.record.exitCode == 101)
    }
}
