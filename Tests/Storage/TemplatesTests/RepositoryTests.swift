import AtollModel
import AtollTemplates
import AtollTestSupport
import OrderedCollections
import Testing

@Suite struct RepositoryTests {
    static let good = """
        { "name": "acme_repo",
          "sources": {
            "web":  { "type": "http", "args": { "baseurl": "https://img.example.org/repo/" } },
            "disk": { "type": "file", "args": { "root": "$HOME/${SUB}/$UNKNOWN/lago-images" } } },
          "templates": {
            "el9-base": { "versions": {
                "v1": { "source": "web",  "handle": "el9-base",            "timestamp": 1521983847.80 },
                "v2": { "source": "disk", "handle": "el9/base/v2.qcow2",   "timestamp": 1432217222 } } } },
          "extra": [1, 2, {"a": null}] }
        """

    @Test func theSpecsExampleIsRead() throws {
        let repository = try Repository.parse(Self.good, path: "r.json", variables: ["HOME": "/h", "SUB": "s"])
        #expect(repository.name == "acme_repo")
        #expect(repository.sources["disk"] == .file(root: "/h/s/$UNKNOWN/lago-images"))
        // Latest is the greatest timestamp, not the greatest name.
        #expect(try repository.version(nil, of: "el9-base").name == "v1")
        #expect(try repository.version("v2", of: "el9-base").handle == "el9/base/v2.qcow2")
    }

    @Test func sourcesAndTemplatesMayBeAbsent() throws {
        #expect(try Repository.parse("{\"name\": \"empty\"}", path: "r.json").templates.isEmpty)
    }

    @Test func unknownNamesSayWhatThereIs() throws {
        let repository = try Repository.parse(Self.good, path: "r.json")
        let template = #expect(throws: TemplateError.self) { try repository.version(nil, of: "el9-bsae") }
        #expect(template?.message.contains("Image el9-bsae doesn't exist in repo acme_repo") == true)
        #expect(template?.message.contains("did you mean el9-base?") == true)
        let version = #expect(throws: TemplateError.self) { try repository.version("v3", of: "el9-base") }
        #expect(version?.code == .unknownVersion && version?.message.contains("v1, v2") == true)
    }

    @Test(arguments: [
        ("", "r.json:1:1: JSON: "), ("{\n  \"name\": \"x\",\n  oops }", "r.json:3:3: JSON: "),
        ("[1]", "r.json:1:1: a repository is a mapping"),
        ("{\n\"sources\": {}}", "name: “name” is missing"),
        ("{\"name\": \"x\", \"sources\": {\n \"s\": {\"type\": \"ftp\"}}}", "r.json:2:16: sources.s.type: unknown source type “ftp”"),
        ("{\"name\": \"a:b\"}", "name: “a:b” cannot be a repository name"),
        ("{\"name\": \"x\", \"templates\": []}", "templates: a mapping is wanted, this is a list"),
        ("{\"name\": \"x\", \"templates\": {\"t\": {}}}", "templates.t: a template wants “versions”"),
        (
            "{\"name\": \"x\", \"templates\": {\"t\": {\"versions\": {\"1\": {\"source\": \"no\", \"handle\": \"h\", \"timestamp\": 1}}}}}",
            "there is no source “no”"
        ),
        (
            "{\"name\": \"x\", \"sources\": {\"s\": {\"type\": \"file\", \"args\": {\"root\": \"/r\"}}}, \"templates\": {\"t\": {\"versions\": {\"1\": {\"source\": \"s\", \"handle\": \"../../etc/shadow\", \"timestamp\": 1}}}}}",
            "leaves the directory of its source"
        ),
    ]) func errorsNameTheirPlace(_ text: String, _ expected: String) {
        let error = #expect(throws: InvalidInput.self) { try Repository.parse(text, path: "r.json") }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func allErrorsComeAtOnce() {
        let text = "{\"sources\": {\"a\": {\"type\": \"ftp\"}, \"b\": {}}, \"templates\": {\"t\": 1}}"
        #expect(#expect(throws: InvalidInput.self) { try Repository.parse(text, path: "r.json") }?.diagnostics.count == 4)
    }

    @Test(arguments: 1...100) func noTextMakesTheReaderFallOver(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes = Array(Self.good.utf8)
        for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
        do {
            _ = try Repository.parse(
                String(decoding: bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)), as: UTF8.self), path: "r.json")
        } catch {
            #expect(error is InvalidInput, "seed \(seed)")
        }
    }

    @Test(arguments: ["a:b", "a/b", "", ".hidden", "-x", "a b", "a\nb", "a'b", "$x"]) func namesThatAreNoFileNamesAreRefused(_ text: String)
    {
        #expect(throws: TemplateError.self) { try TemplateName(repository: "r", template: text, version: "1") }
    }

    @Test func namesRoundTrip() throws {
        let name = try TemplateName(repository: "r", template: "el7.5-base", version: "v1")
        #expect(TemplateName(name.description) == name)
        #expect(TemplateName("r:t:v1.hash") == nil && TemplateName("r:t") == nil)
    }

    @Test func aRepositoryOnTheWebIsRefusedClearly() {
        let error = #expect(throws: TemplateError.self) { try Repository.load("http://templates.example.org/repo.metadata") }
        #expect(error?.code == .unsupportedSource)
        let missing = #expect(throws: TemplateError.self) { try Repository.load("/no/such/repo.json") }
        #expect(missing?.message.contains("Unable to load repo from /no/such/repo.json") == true)
    }
}
