import AtollDocuments
import AtollModel
import AtollResults
import AtollTestSupport
import Foundation
import OrderedCollections
import Testing

@Suite struct ResultYAMLTests {
    @Test("check 39: a minimal export has exactly item and outcome")
    func minimal() throws {
        #expect(try ResultYAML.text([CheckDetail(item: "foo-1-1")]) == "results:\n  - item: foo-1-1\n    outcome: NEEDS_INSPECTION\n")
    }

    @Test("check 40: keyvals with a field's name are dropped with a warning")
    func reserved() throws {
        let detail = CheckDetail(item: "x", outcome: .passed, keyvals: ["outcome": "FAILED", "results": 1, "moo": 11, "_internal": 2])
        let exported = try ResultYAML.export([detail])
        #expect(exported.text == "results:\n  - item: x\n    outcome: PASSED\n    moo: 11\n")
        #expect(exported.warnings.count == 3)
        #expect(exported.warnings.contains { $0.contains("'outcome'") && $0.contains("x") })
    }

    @Test("check 41: export and import keep integer keyvals and _internal")
    func roundTrip() throws {
        let detail = CheckDetail(
            item: "xchat-0.5-1.fc20", type: "koji_build", outcome: .failed, note: "5 ERRORS, ünïcode ☃ 😀",
            keyvals: [
                "moo": 11, "compose_id": "F-25", "version": "1.10", "ratio": 0.5, "big": 1e20, "flag": true, "none": nil,
                "list": [1, "1", []],
            ],
            checkname: "mytest.sub1", artifact: "xchat.log", internalData: ["resultsdb_result_id": 1234])
        let text = try ResultYAML.text([detail, CheckDetail(item: "y", outcome: .passed)])
        #expect(try ResultYAML.parse(text) == [detail, CheckDetail(item: "y", outcome: .passed)])
        #expect(text.contains("moo: 11\n"))
        #expect(text.contains("version: \"1.10\"\n"))
        #expect(text.contains("note: 5 ERRORS") || text.contains("note: \"5 ERRORS, ünïcode ☃ 😀\""))
        #expect(text.contains("    _internal:\n      resultsdb_result_id: 1234\n"))
        #expect(try ResultYAML.parse(text)[0].resultsDBID == 1234)
    }

    @Test("check 42: what is no ResultYAML is rejected with its line, and results: gives none")
    func rejected() throws {
        for text in ["", "   \n", "# nothing\n", "[]", "{}", "results: {}", "results: text", "- a\n- b", "results: [1]", "results: [{}]"] {
            #expect(throws: ResultsError.self, "\(text)") { try ResultYAML.parse(text) }
        }
        for text in ["results: [", "results:\n  - item: 'x", "\tresults:", "results:\n\u{0}"] {
            #expect(throws: ResultsError.self, "\(text)") { try ResultYAML.parse(text) }
        }
        for text in ["results:", "results: []", "results: null\nother: 1"] { #expect(try ResultYAML.parse(text) == [], "\(text)") }
        let error = #expect(throws: ResultsError.self) {
            try ResultYAML.parse("results:\n- item: a\n  outcome: PASSED\n- item: b\n  outcome: OK\n", name: "r.yml")
        }
        #expect(error?.message.hasPrefix("r.yml, line 4, result 2: 'OK' is no outcome") == true)
        #expect(throws: ResultsError.self) { try ResultYAML.export([CheckDetail(item: "")]) }
    }

    @Test("what other tools write is read: quoted, flow, anchors, numbers as items")
    func foreign() throws {
        let text = """
            results:
            - &first {item: 0123, type: koji_build, outcome: PASSED, note: 2017-01-01, extra: &id [1, 2]}
            - <<: *first
              item: "456"
              outcome: FAILED
              note: >-
                folded
                text
              extra: *id
            - item: yes
            """
        let details = try ResultYAML.parse(text)
        #expect(details.map(\.item) == ["0123", "456", "yes"])
        #expect(details.map(\.outcome) == [.passed, .failed, .needsInspection])
        #expect(details[0].note == "2017-01-01")
        #expect(details[1].note == "folded text")
        #expect(details[1].type == "koji_build")
        #expect(details[1].keyvals == ["extra": [1, 2]])
    }

    static let awkward = [
        "", " ", "yes", "No", "null", "~", "1", "-1", "0x1f", "0o17", "1_000", "1.5", "1e3", ".5", "1:30", "2017-01-01",
        "2017-01-01T10:00:00Z", "=", "<<",
        "a: b", "a:", "a #b", "#a", "- a", "-", "---", "...", "? a", ": a", "*a", "&a", "!a", "!!int 3", "%a", "@a", "`a", "'a'", "\"a\"",
        "{a}", "[a]",
        "a\nb", "a\nb\n", "a\n\nb", "\n", "\na", "a\n", " a\nb", "a\n b", "a\r\nb", "a\rb", "a\tb", "\ta", "a ", "a\n\n", "a\n  \nb",
        "\u{85}", "a\u{2028}b",
        "\u{0}", "\u{7}\u{1B}[31m", "a\u{FEFF}b", "é", "日本語", "😀 b", "/path/x", "C:\\x", "inf", ".inf", ".nan", "n", "Y", "|", ">", "|-",
        "a, b", "${x}",
        "e\u{301}", "\u{301}", "true", "+1", "0b1", "12345678901234567890", "a\\n", "a\n---\nb", "a\n# b", "x\n\ty",
        String(repeating: "long ", count: 50),
    ]

    @Test("texts that look like something else stay texts, as values and as keys", arguments: awkward)
    func texts(_ text: String) throws {
        let detail = CheckDetail(
            item: text.isEmpty ? "x" : text, outcome: .info, note: text,
            keyvals: ["plain": .string(text), "list": [.string(text), [.string(text)]], "map": [text: .string(text)], "k" + text: 1],
            artifact: text)
        var expected = detail
        if text.isEmpty { expected.artifact = nil }
        let yaml = try ResultYAML.text([detail])
        #expect(try ResultYAML.parse(yaml) == [expected], "\(yaml)")
        #expect(!yaml.contains("\n\n"), "no line is empty: \(yaml)")
    }

    @Test("a YAML reader of another language sees the same values")
    func otherReader() throws {
        guard Python.hasYAML else { return }
        let details = Self.awkward.map { text in
            CheckDetail(
                item: text.isEmpty ? "x" : text, outcome: .info,
                keyvals: ["text": .string(text), "k" + text: [1.5, 1e20, -1e-7, true, nil, 7, .int(.min), [], [:], [["a": [[]]]]]])
        }
        let program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read()), sys.stdout)"
        let read = try ValueJSON.parse(try Python.run(program, input: try ResultYAML.text(details)))
        #expect(read["results"] == ResultJSON.value(details)["results"])
    }

    @Test("any tree of values survives export and import")
    func anyTree() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var keyvals: OrderedDictionary<String, Value> = [:]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                keyvals["k" + word(&random)] = value(&random, depth: 0)
            }
            let detail = CheckDetail(
                item: "i" + word(&random), outcome: .allCases.randomElement(using: &random), note: word(&random), keyvals: keyvals)
            let yaml = try ResultYAML.text([detail, detail])
            #expect(try ResultYAML.parse(yaml) == [detail, detail], "seed \(seed): \(yaml)")
        }
    }

    private func word(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in Self.awkward.randomElement(using: &random) ?? "" }.joined()
    }

    private func value(_ random: inout SeededGenerator, depth: Int) -> Value {
        switch Int.random(in: 0...(depth > 3 ? 4 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .int(.random(in: .min ... .max, using: &random))
        case 3: return .double(Double(bitPattern: .random(in: 0..<0x7FF0_0000_0000_0000, using: &random)))
        case 4: return .string(word(&random))
        case 5: return .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            var members: OrderedDictionary<String, Value> = [:]
            for _ in 0..<Int.random(in: 0...3, using: &random) { members[word(&random)] = value(&random, depth: depth + 1) }
            return .map(members)
        }
    }

    @Test("a very long key survives")
    func longKey() throws {
        let detail = CheckDetail(
            item: "x", outcome: .info, keyvals: [String(repeating: "k", count: 5000): 1, "a: " + String(repeating: "ü", count: 2000): [1]])
        #expect(try ResultYAML.parse(try ResultYAML.text([detail])) == [detail])
    }

    @Test("bombs and monsters are refused in no time")
    func hostile() throws {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 { bomb += "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n" }
        var keyBomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            keyBomb += "a\(level): &a\(level) {? [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", "))] : 1}\n"
        }
        let deep = "results: " + String(repeating: "[", count: 100_000)
        let deepBlock = "results:\n" + (0..<1500).map { String(repeating: " ", count: $0) + "-\n" }.joined()
        let large = "results:\n# " + String(repeating: "x", count: (32 << 20) + 1)
        let start = ContinuousClock.now
        for text in [bomb + "results: *a12", keyBomb + "results: *a12", deep, deepBlock, large] {
            #expect(throws: ResultsError.self) { try ResultYAML.parse(text) }
        }
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("results.json has the same fields and a summary")
    func json() throws {
        let details = [CheckDetail(item: "x", outcome: .passed, keyvals: ["moo": 11]), CheckDetail(item: "y", outcome: .failed, note: "n")]
        let value = ResultJSON.value(details)
        #expect(value["summary"]?["text"] == "1 PASSED, 1 FAILED")
        #expect(value["summary"]?["worst"] == "FAILED")
        #expect(value["results"]?.elements?[0] == ["item": "x", "outcome": "PASSED", "moo": 11])
        #expect(ResultJSON.value([])["summary"]?["worst"] == Value.null)
        let parsed = try JSONSerialization.jsonObject(with: Data(ResultJSON.text(details).utf8)) as? [String: Any]
        #expect((parsed?["results"] as? [Any])?.count == 2)
    }
}
