import AtollFormula
import AtollModel
import AtollPlatform
import AtollResults
import AtollTestSupport
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

@Suite("Tasks: a formula is looked at whole before anything is made") struct FormulaCheckTests {
    let bench: TaskBench
    init() throws { bench = try TaskBench() }

    private func findings(_ text: String, overrides: [String] = [], environment: [String: String] = [:]) throws -> [String] {
        try bench.file("t.yml", text)
        let arguments = try bench.arguments("t.yml", overrides: overrides)
        let work = FormulaWork(
            formula: try Formula.load(arguments.task), arguments: arguments, directives: .standard(environment: environment),
            reporting: ReportingOptions())
        do {
            try work.check()
            return []
        } catch let error as InvalidInput {
            return error.diagnostics.map { "\($0.position?.line ?? 0): \($0.message)" }
        }
    }

    @Test("every finding is told at once, with its line and its action") func everything() throws {
        let found = try findings(
            """
            name: t
            input: {args: [koji_build]}
            actions:
              - {name: look, shel: ls}
              - shell: 'echo ${koji_build} ${wrod}'
              - {name: python, python: {file: c.py}}
              - {exitcode: {result_wrost: x}}
              - {resultsdb: {results: x, file: y}}
              - shell: [{command: ls, ignorereturn: often}]
              - {xunit: {file: '${unfinished'}}
            """, overrides: ["word=1"])
        try #require(found.count == 8)
        #expect(found[0].hasPrefix("2: missing value for 'koji_build'"))
        #expect(found[1].hasPrefix("4: action 1 (look): there is no directive shel; did you mean shell?"))
        #expect(found[2].hasPrefix("5: action 2 (shell): undefined variable 'wrod'; did you mean 'word'?"))
        #expect(found[3].hasPrefix("6: action 3 (python): python needs callable"))
        #expect(found[4].hasPrefix("7: action 4 (exitcode): exitcode has no parameter result_wrost; did you mean result_worst?"))
        #expect(found[5].hasPrefix("8: action 5 (resultsdb): resultsdb takes results or file; both are given"))
        #expect(found[6].contains("action 6 (shell): shell takes exit statuses for ignorereturn"))
        #expect(found[7].contains("action 7 (xunit): missing '}' after '${'"))
    }

    @Test("what earlier actions export may be used, whatever it will be; what later ones export may not") func exports() throws {
        let good = """
            name: t
            actions:
              - {shell: ls, export: list}
              - {dummy: {result: PASS, msg: {a: [1]}}, export: more.words}
              - {shell: ['echo ${list} ${more.words.a} ${item_}'], export: list}
              - {shell: [{command: '${list}', ignorereturn: '${more.words.a}'}]}
              - {python: {file: '${list}', callable: run, '${list}': 1}}
              - {'${list}': {anything: 1}}
            """
        #expect(try findings(good, overrides: ["item_=x"]) == [])
        let early = try findings("name: t\nactions:\n  - {shell: 'echo $word'}\n  - {shell: ls, export: word}\n")
        #expect(early.count == 1 && early[0].hasPrefix("3: action 1 (shell): undefined variable 'word'"))
    }

    @Test("what a reference may still become is not refused") func open() throws {
        let found = try findings(
            """
            name: t
            actions:
              - {dummy: {result: PASS, msg: {result: PASS}}, export: p}
              - {dummy: '${p}'}
              - {xunit: '${p}'}
              - {xunit: {'${p.result}': r.xml, item: a, type: b}}
              - {shell: {'${p.result}': echo hi}}
              - {shell: [{'${p.result}': echo hi}]}
              - {exitcode: {'result_${p.result}': x}}
              - {shell: [{command: exit 3, ignorereturn: ['${p.result}', 4]}]}
              - {create_report: {results: '${p}', file: r.yml}}
              - {resultsdb: {results: null, file: r.yml}}
            """)
        #expect(found == [])
    }

    @Test("a null beside the other parameter is not given") func nulls() async throws {
        let run = try await bench.run(
            formula: """
                name: t
                actions:
                  - shell: 'printf "results: [{item: a, type: b, outcome: FAILED}]" > ${artifactsdir}/r.yml'
                  - {resultsdb: {results: null, file: '${artifactsdir}/r.yml'}, export: r}
                  - {exitcode: {result_last: '${r}', result_worst: null}}
                """)
        #expect(run.record.exitCode == 100)
    }

    @Test("an external directive is known by its program in PATH, and takes what it likes") func external() throws {
        let directory = try bench.workspace.write("bin/atoll-directive-lint", "#!/bin/sh\n")
        #expect(try findings("name: t\nactions: [{lint: {any: 1}}]\n").count == 1)
        try AtomicFile.write("#!/bin/sh\n", to: directory, mode: 0o755)
        let path = String(directory.dropLast("/atoll-directive-lint".count))
        #expect(try findings("name: t\nactions: [{lint: {any: 1}}]\n", environment: ["PATH": path]) == [])
    }

    @Test("nothing is run of a formula with a finding, and its item has a CRASHED result, exit code 1") func nothingRuns() async throws {
        let run = try await bench.run(formula: "name: t\nactions: [{shell: touch ran}, {shell: 'echo $nowhere'}]\n", item: "foo-1-1")
        #expect(run.record.exitCode == 1)
        #expect(run.commands.isEmpty)
        #expect(!SystemCall.exists(bench.directory + "/ran"))
        #expect(run.record.stages.isEmpty)
        let results = try ResultYAML.parse(try run.text("taskotron/results.yml"))
        #expect(results.map(\.outcome) == [.crashed])
        #expect(results.first?.note.contains("undefined variable 'nowhere'") == true)
    }
}
