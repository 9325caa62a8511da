import AtollTestSupport
import AtollXML
import Testing

@Suite struct XMLTests {
    @Test func indentsElementsAndKeepsTextsOnOneLine() throws {
        let tree = Element("a", ["x": "1", "left-out": nil], [Element("b", text: " t "), Element("c", ["y": "2"])])
        #expect(try XML.write(tree) == "<a x=\"1\">\n  <b> t </b>\n  <c y=\"2\"/>\n</a>\n")
    }

    @Test func escapesSpecialCharacters() throws {
        let tree = Element("a", ["x": "<\"&'>\n\t\r"], [])
        #expect(try XML.write(tree) == "<a x=\"&lt;&quot;&amp;'&gt;&#10;&#9;&#13;\"/>\n")
        #expect(try XML.write(Element("a", text: "]]> <&\"\r\n")) == "<a>]]&gt; &lt;&amp;\"&#13;\n</a>\n")
    }

    @Test(arguments: ["\u{0}", "\u{1}", "\u{8}", "\u{B}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"])
    func refusesCharactersThatXMLCannotHold(_ text: String) {
        #expect(throws: XMLError.self) { try XML.write(Element("a", text: text)) }
        #expect(throws: XMLError.self) { try XML.write(Element("a", ["b": text])) }
    }

    @Test(arguments: ["", "a b", "1a", "a><b", "a:b:c", "-a", "a\n", "x=\""])
    func refusesNamesThatWouldBecomeMarkup(_ name: String) {
        #expect(throws: XMLError.self) { try XML.write(Element(name)) }
        #expect(throws: XMLError.self) { try XML.write(Element("a", [name: "v"])) }
    }

    @Test func aDuplicateAttributeIsAnError() {
        #expect(throws: XMLError.self) { try XML.write(Element("a", ["b": "1", "b": "2"])) }
    }

    @Test func attributesCanBeSetAndRemoved() {
        var a = Element("a", ["x": "1"])
        a["y"] = "2"
        a["x"] = nil
        #expect(a.attributes == [Element.Attribute("y", "2")])
    }

    @Test func readsReferencesAndCDATA() throws {
        let tree = try XML.read("<a b='&lt;&#x41;'>caf\u{e9} &amp; <![CDATA[<x> & y]]></a>")
        #expect(tree["b"] == "<A")
        #expect(tree.text == "caf\u{e9} & <x> & y")
        #expect(tree.children.count == 1)
    }

    @Test func aDeclaredEncodingDoesNotReencodeAString() throws {
        #expect(try XML.read("<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\u{e9}</a>").text == "\u{e9}")
    }

    @Test(arguments: [
        "<a>one</a><b/>", "<a>one</a>tail", "<a>", "<a></b>", "", "  ", "no xml", "<a b='1' b='2'/>", "<a>&nosuch;</a>", "<a>\u{1}</a>",
        "<p:a/>",
    ])
    func refusesWhatIsNotOneWholeDocument(_ text: String) {
        #expect(throws: XMLError.self) { try XML.read(text) }
    }

    @Test(arguments: [
        "<!DOCTYPE x><x/>", "<?xml version='1.0'?><!-- c --><?p i?>\n<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>",
        "<!DOCTYPE l [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><l>&b;</l>",
    ])
    func refusesDocumentTypes(_ text: String) {
        let error = #expect(throws: XMLError.self) { try XML.read(text) }
        #expect(error?.code == .doctype)
    }

    @Test func aTextMayContainADocumentTypeDeclaration() throws {
        #expect(try XML.read("<a><![CDATA[<!DOCTYPE x>]]></a>").text == "<!DOCTYPE x>")
    }

    @Test func nestingIsBounded() throws {
        func nested(_ n: Int) -> String { String(repeating: "<a>", count: n) + String(repeating: "</a>", count: n) }
        #expect(throws: Never.self) { try XML.read(nested(20), depth: 20) }
        let error = #expect(throws: XMLError.self) { try XML.read(nested(21), depth: 20) }
        #expect(error?.code == .depth)
        #expect(throws: XMLError.self) { try XML.read(nested(100_000)) }
    }

    @Test func anErrorHasItsLine() {
        let error = #expect(throws: XMLError.self) { try XML.read("<a>\n<b>\n</c></a>") }
        #expect(error?.line == 3)
    }

    @Test func namespacesAreResolvedByURINotByPrefix() throws {
        let tree = try XML.read("<d xmlns:q='urn:a'><m><q:i n='1'/><i xmlns='urn:b' n='2'/><p:i xmlns:p='urn:c' n='3'/></m></d>")
        #expect(tree.first(local: "i", namespace: "urn:a")?["n"] == "1")
        #expect(tree.first(local: "i", namespace: "urn:b")?["n"] == "2")
        #expect(tree.first(local: "i", namespace: "urn:c")?["n"] == "3")
        #expect(tree.first(local: "i", namespace: "urn:d") == nil)
        #expect(tree.first("m", "q:i")?["n"] == "1")
    }

    @Test(arguments: (0..<40).map { UInt64($0) })
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var tree = randomElement(&generator, depth: 0)
        tree["xmlns:p"] = "urn:p"
        let text = try XML.write(tree)
        #expect(try XML.read(text) == tree, "seed \(seed)")
    }
}

private func randomText(_ generator: inout SeededGenerator) -> String {
    let alphabet: [String] = [
        "a", "Z", "<", ">", "&", "\"", "'", "]]>", "\u{e9}", "\u{1F600}", "\r", "\n", "\t", " ", "&amp;", "--", "e\u{301}",
    ]
    return "x" + (0..<Int.random(in: 0..<8, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "" }.joined()
}

private func randomElement(_ generator: inout SeededGenerator, depth: Int) -> Element {
    let names = ["a", "b-c", "d.e", "_f", "p:q"]
    var element = Element(names.randomElement(using: &generator) ?? "a")
    for name in ["k", "l", "m"] where Bool.random(using: &generator) { element[name] = randomText(&generator) }
    if depth < 4 {
        for _ in 0..<Int.random(in: 0..<4, using: &generator) { element.append(randomElement(&generator, depth: depth + 1)) }
    }
    if element.children.isEmpty, Bool.random(using: &generator) { element.children = [.text(randomText(&generator))] }
    return element
}
