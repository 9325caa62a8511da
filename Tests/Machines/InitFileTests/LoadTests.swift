import AtollModel
import AtollTestSupport
import Foundation
import OrderedCollections
import Testing

@testable import AtollDocuments
@testable import AtollInitFile

/// A file with one VM on one net; `domain` and `net` are added members in flow style.
func sample(_ domain: String = "", net: String = "") -> String {
    "domains:\n  vm0: {nics: [{net: n}], disks: [\(rootDisk)]\(domain.isEmpty ? "" : ", ")\(domain)}\nnets:\n  n: {\(net)}\n"
}

let rootDisk = "{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}"

func spec(_ text: String) throws -> EnvironmentSpec { try InitFile.parse(text, file: "f").spec }
func domain(_ members: String) throws -> DomainSpec { try #require(try spec(sample(members)).domains["vm0"]) }
func errors(_ text: String) -> [String] { InitFile.draft(text, file: "f").errors.map(\.description) }
func warnings(_ text: String) -> [String] { InitFile.draft(text, file: "f").warnings.map(\.description) }

@Suite struct LoadTests {
    @Test func jsonAndYAMLSayTheSame() throws {
        let json = """
            {"domains": {"a": {"memory": 1024, "nics": [{"net": "n"}]}}, "nets": {"n": {"dhcp": {"start": 100, "end": 254}}}}
            """
        let yaml = "domains:\n  a:\n    memory: 1024\n    nics:\n      - net: n\nnets:\n  n:\n    dhcp:\n      start: 100\n      end: 254\n"
        let fromJSON = try spec(json)
        let fromYAML = try spec(yaml)
        #expect(fromJSON.domains == fromYAML.domains)
        #expect(fromJSON.nets == fromYAML.nets)
        #expect(fromJSON.sources.position(of: .keys("domains", "a", "memory")) == SourcePosition(line: 1, column: 30))
        #expect(fromYAML.sources.position(of: .keys("domains", "a", "memory")) == SourcePosition(line: 3, column: 13))
        // Not JSON, and still readable: a comma too many, a comment, tabs.
        #expect(try spec(json.replacing("254}}}}", with: "254,},},},} # end")).domains == fromYAML.domains)
        #expect(try spec(json.replacing(" ", with: "\n\t")).domains == fromYAML.domains)
    }

    @Test("a byte order mark before everything else is no content, in a file and in text") func byteOrderMark() throws {
        let mark = "\u{FEFF}"
        let plain = try spec(sample())
        #expect(try spec(mark + sample()) == plain)
        #expect(try ValueJSON.parse(#"{"a": 1, "b": 2}"#) == LocatedDocument.read(mark + #"{"a": 1, "b": 2}"#, file: "f", kind: "x").value)
        let workspace = try Workspace("bom")
        let path = try workspace.write("init.yaml", mark + sample())
        #expect(try LocatedDocument.readText(path: path, kind: "an init file") == sample())
        #expect(try InitFile.load(path).spec.sources.position(of: .keys("nets")) == plain.sources.position(of: .keys("nets")))
    }

    @Test func jsonKeepsOrderAndEscapes() throws {
        let value = try ValueJSON.parse(#"{"b": 1, "a": [1.5, true, null, "\u00e9\ud83d\ude00\n"]}"#)
        #expect(value.members.map { Array($0.keys) } == ["b", "a"])
        #expect(ValueJSON.render(value, indent: 0) == #"{"b": 1, "a": [1.5, true, null, "\u00e9\ud83d\ude00\n"]}"#)
        #expect(
            ValueJSON.render(value, sorted: true)
                == "{\n    \"a\": [\n        1.5,\n        true,\n        null,\n        \"\\u00e9\\ud83d\\ude00\\n\"\n    ],\n    \"b\": 1\n}"
        )
        #expect(ValueJSON.render(["a": [], "b": [:]]) == "{\n    \"a\": [],\n    \"b\": {}\n}")
        for bad in [
            "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "0x10", "-", "\"\u{1}\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "nul",
            "1 2", "\"a",
        ] {
            #expect(throws: InvalidInput.self, "\(bad)") { try ValueJSON.parse(bad) }
        }
    }

    @Test func whateverIsRenderedAsJSONReadsBack() throws {
        let codes = Array(0...0x2FF) + [0x2028, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF]
        let text = String(String.UnicodeScalarView(codes.compactMap { Unicode.Scalar(UInt32($0)) }))
        #expect(try ValueJSON.parse(ValueJSON.render([.string(text)])) == [.string(text)])
    }

    @Test func jsonValuesHavePlaces() throws {
        let (value, sources) = try ValueJSON.parseLocated("{\"ä\": \"ö\", \"list\": [1,\n  {\"a\": null}]}", file: "f")
        #expect(value["list"]?.elements?.count == 2)
        #expect(sources.position(of: .keys("ä")) == SourcePosition(line: 1, column: 7))
        #expect(sources.position(of: FieldPath.keys("list").appending(1)) == SourcePosition(line: 2, column: 3))
        // What is not there is looked for where it should be.
        #expect(sources.position(of: .keys("list", "b")) == SourcePosition(line: 1, column: 12))
        let error = #expect(throws: InvalidInput.self) { try ValueJSON.parseLocated("{\"a\": 1,\n \"a\": 2}", file: "f") }
        #expect(error?.description.hasPrefix("f:2:2: a: this key is already there, at line 1") == true)
    }

    @Test func aliasesAreIsolatedAndMergeKeysMerge() throws {
        let text = """
            one: &one {memory: 64, vcpu: 1}
            two: &two {memory: 128, distro: el7}
            base: &base {nics: [{net: n}], <<: [*one, *two]}
            domains:
              a: *base
              b:
                <<: *base
                memory: 512
            nets: {n: }
            """
        var found = try spec(text)
        #expect(found.domains.values.map(\.memory) == [64, 512])
        #expect(found.domains.values.map(\.distro) == ["el7", "el7"])
        #expect(found.domains.values.map(\.vcpu) == [1, 1])
        found.domains["a"]?.raw["memory"] = 1
        #expect(found.domains["b"]?.raw["memory"] == 512)
        #expect(found.sources.position(of: .keys("domains", "b", "distro"))?.line == 2)
        #expect(found.sources.position(of: .keys("domains", "b", "memory"))?.line == 8)
        #expect(
            errors("domains: {a: {<<: 3, nics: []}}\nnets: {n: }").first?.contains("f:1:19: domains.a.<<: `<<` takes a mapping") == true)
    }

    @Test func anAliasBombIsRefusedAtOnce() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<12 { text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]\n" }
        let clock = ContinuousClock()
        let start = clock.now
        #expect(errors(text + "domains: *a11\nnets: {}\n").first?.contains("the aliases in this file stand for more than") == true)
        #expect(errors(text + "? *a11\n: 1\n").first?.contains("an alias cannot be a key") == true)
        var merges = "a0: &a0 {\((0..<20).map { "k\($0): 1" }.joined(separator: ", "))}\n"
        for level in 1..<12 {
            merges += "a\(level): &a\(level) {<<: [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]}\n"
        }
        #expect(errors(merges + "domains: *a11\n").first?.contains("the aliases in this file") == true)
        #expect(clock.now - start < .seconds(20))
    }

    @Test func nestingIsBounded() {
        for text in [
            String(repeating: "[", count: 100_000),
            "domains: " + String(repeating: "{a: ", count: 300) + "1" + String(repeating: "}", count: 300),
        ] {
            #expect(errors(text).count == 1)
        }
        #expect(errors(String(repeating: "- ", count: 50_000) + "x").count == 1)
    }

    @Test func everyDuplicateKeyIsFound() {
        let yaml = "domains:\n  vm0:\n    memory: 1\n    'vcpu': 2\n    memory: 2\n    vcpu: 3\n    nics: []\nnets: {n: , n: {}}\n"
        #expect(
            errors(yaml).map { String($0.prefix(60)) } == [
                "f:5:5: domains.vm0.memory: this key is already there, at lin",
                "f:6:5: domains.vm0.vcpu: this key is already there, at line ",
                "f:8:13: nets.n: this key is already there, at line 8; a key ",
            ])
        let json = #"{"domains": {"a": {"nics": []}, "a": {"nics": []}}, "nets": {}}"#
        #expect(errors(json) == ["f:1:33: domains.a: this key is already there, at line 1; a key may be written once"])
    }

    /// Whichever of the two is meant, its errors are told.
    @Test func whatIsBelowADuplicateKeyIsLookedAtToo() {
        let found = [
            "domains.a.memory", "domains.a.nics", "domains.a", "domains.a.vcpu", "nets.n.mtu", "nets.n", "nets", "nets.o.type",
        ]
        let yaml = """
            domains:
              a: {memory: x, nics: 3}
              a: {vcpu: x, nics: [{net: m}]}
            nets:
              n: {mtu: x}
              n: {}
            nets:
              o: {type: x}
            """
        let paths = InitFile.draft(yaml, file: "f").errors.map(\.path.description)
        #expect(paths == found)
        let json = #"{"domains": {"a": {"memory": "x", "nics": []}, "a": {"vcpu": "x", "nics": []}}, "nets": {"n": null}}"#
        #expect(InitFile.draft(json, file: "f").errors.map(\.path.description) == ["domains.a.memory", "domains.a", "domains.a.vcpu"])
    }

    @Test func filesThatAreNoInitFiles() throws {
        let workspace = try Workspace("init")
        func fault(_ path: String) -> String { InitFile.draft(path: path).errors.map(\.message).joined(separator: "|") }
        func file(_ name: String, _ data: Data) throws -> String {
            let path = try workspace.write(name, "")
            try data.write(to: URL(fileURLWithPath: path))
            return path
        }
        #expect(fault(workspace.path + "/absent").contains("no such file"))
        #expect(fault(workspace.path).contains("directory"))
        #expect(fault(try workspace.write("empty", "")).contains("empty"))
        #expect(fault(try workspace.write("spaces", " \n\t\n")).contains("empty"))
        #expect(fault(try file("binary", Data([0x7F, 0x45, 0x4C, 0x46, 0, 1]))).contains("binary"))
        #expect(fault(try file("latin", Data([0x61, 0x3A, 0xE9]))).contains("UTF-8"))
        #expect(fault(try workspace.write("comment", "# nothing\n")).contains("no document"))
        #expect(fault(try workspace.write("word", "hello\n")).contains("a mapping with `domains` and `nets`"))
        let large = try workspace.write("large", "")
        let handle = try #require(FileHandle(forWritingAtPath: large))
        try handle.truncate(atOffset: 50 << 20)
        try handle.close()
        #expect(fault(large).contains("larger than 4 MiB"))
        #expect(fault("/dev/zero").contains("larger than 4 MiB"))
        // Nobody will ever write into it.
        try #require(mkfifo(workspace.path + "/pipe", 0o600) == 0)
        #expect(fault(workspace.path + "/pipe").contains("empty"))
        #expect(errors("domains: {a: [}\n").first?.hasPrefix("f:1:15: YAML: ") == true)
        #expect(errors("{\"domains\": {]\n").first?.hasPrefix("f:1:14: JSON: ") == true)
        #expect(errors("a: 1\n---\nb: 2\n").count == 1)
    }

    @Test func aSuccessorFileIsRecognised() {
        let found = errors(#"{"networks": {}, "vms": {"engine": {}}}"#)
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("f:1:2: networks: this file has `networks` and `vms`"))
        #expect(errors("domain: {}\nnets: {}").first?.contains("did you mean `domains`") == true)
    }

    /// Whatever is done to a file: findings of one line each, never a crash.
    @Test func damagedFilesGetFindings() throws {
        var random = SeededGenerator(seed: .random(in: 0 ... .max))
        let yaml =
            sample("memory: 1, groups: [a], metadata: {deploy-scripts: [x]}", net: "dhcp: {start: 2, end: 9}")
            + "a: &x {b: 1}\nc: {<<: *x}\n"
        let json = ValueJSON.render(InitFile.render(try spec(yaml)))
        let pieces = [
            "", " ", "\n", "\t", ":", "- ", "[", "]", "{", "}", "&x ", "*x", "<<: ", "\"", "'", "#", "|", ">", "!!str ", "\u{1}", "é", "%",
            "? ", "---\n", "null", "-1",
        ]
        for _ in 0..<300 {
            var text = Array((Bool.random(using: &random) ? yaml : json).unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let start = Int.random(in: 0..<text.count, using: &random)
                let end = min(text.count, start + Int.random(in: 0...6, using: &random))
                text.replaceSubrange(start..<end, with: (pieces.randomElement(using: &random) ?? "").unicodeScalars)
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            let draft = InitFile.draft(String(view), file: "f")
            for finding in draft.errors + draft.warnings {
                #expect(finding.description.wholeMatch(of: /f:\d+:\d+: \P{Cc}+/) != nil, "seed \(random.seed): \(finding)")
            }
        }
    }

    @Test func scalarsMeanWhatTheyAlwaysMeant() {
        func content(_ text: String) -> Value? {
            (try? YAMLReader.read("k: \(text)\n", file: "f")).map { Document($0.tree, file: "f").value["k"] ?? .null }
        }
        let expected: [(String, Value)] = [
            ("1024", 1024), ("-3", -3), ("0x10", 16), ("010", 8), ("08", "08"), ("1_000", 1000), ("1.5", 1.5), ("1e3", "1e3"),
            ("yes", true),
            ("off", false), ("~", nil), ("", nil), ("'1'", "1"), ("192.168.200.1", "192.168.200.1"), ("192,168.200.3", "192,168.200.3"),
            ("12:30:45", "12:30:45"), ("2020-01-01", "2020-01-01"), ("!!str 5", "5"), ("10G", "10G"), ("-", "-"), (".5", 0.5),
            ("1.2.3", "1.2.3"),
        ]
        for (text, value) in expected where text != "-" { #expect(content(text) == value, "\(text)") }
    }
}
