import AtollModel
import AtollTestSupport
import AtollVirtXML
import Testing

@Suite struct NameTests {
    @Test func namesAreThoseOfTheWorkedExample() throws {
        #expect(HostNames.domain(prefix, "vm-host") == "fe689d3c-vm-host")
        #expect(try HostNames.network(prefix, "management") == "fe68-management")
        #expect(try HostNames.network(prefix, "net-01") == "fe68-net-01")
        // sha1sum of "lago_functional_tests", first ten digits.
        #expect(try HostNames.network(prefix, "lago_functional_tests") == "fe68-785d5195a1")
        #expect(try HostNames.network(prefix, "a-longer-net", limit: 24) == "fe689d3c-a-longer-net")
        #expect(throws: VirtXMLError.self) { try HostNames.network(prefix, "n", limit: 5) }
    }

    @Test func bridgesOfNetsThatBeginAlikeDiffer() {
        #expect(HostNames.bridge(prefix, "lago-net-1") != HostNames.bridge(prefix, "lago-net-2"))
        #expect(HostNames.outsideBridge(prefix, "office") == "fe68-office")
        #expect(HostNames.outsideBridge(prefix, "a b") == HostNames.bridge(prefix, "a b"))
    }

    @Test func ourBridgesAreKnownByTheirNames() {
        #expect(HostNames.isBridge(HostNames.bridge(prefix, "n")))
        for other in ["at", "atm0", "virbr0", "atoll-net-0123", "at0123456789aB", "at0123456789abc"] { #expect(!HostNames.isBridge(other)) }
    }

    @Test func everyNameFitsAndNoTwoBridgesMeet() throws {
        var generator = SeededGenerator(seed: 2026)
        var bridges: Set<String> = []
        for number in 0..<2_000 {
            let id = PrefixID(using: &generator)
            let net = "net-\(number)" + String(repeating: "x", count: Int.random(in: 0..<30, using: &generator))
            #expect(try HostNames.network(id, net).utf8.count <= 15, "seed \(generator.seed)")
            let bridge = HostNames.bridge(id, net)
            #expect(bridge.utf8.count == 14)
            #expect(bridges.insert(bridge).inserted, "seed \(generator.seed)")
        }
    }
}

@Suite struct MarkTests {
    private let ownerTag = OwnerTag(prefix: prefix, role: .network, name: "a \"net\" & <more>")

    @Test func aMarkIsReadFromTheFragmentThatLibvirtReturns() throws {
        // libvirt 9.0 was asked for the metadata of the namespace, and answered without it.
        let text = "<instance prefix=\"\(prefix)\" role=\"network\" name=\"a &quot;net&quot; &amp; &lt;more>\"/>"
        #expect(try OwnerTag(metadata: text) == ownerTag)
        #expect(
            try OwnerTag(metadata: "<a:instance xmlns:a='https://atoll.dev/xmlns/libvirt/1' prefix='short' role='vm' name='a'/>") == nil)
        #expect(try OwnerTag(metadata: "<other/>") == nil)
    }

    /// libvirt 9.0 shows `<domain name=…>` of a network as it is.
    @Test func aMarkIsFoundBeforeWhatCannotBeRead() throws {
        let own = "<x:instance xmlns:x=\"\(OwnerTag.namespace)\" prefix=\"\(prefix)\" role=\"network\" name=\"n\"/>"
        func network(_ metadata: String, domain: String) -> String {
            "<network connections='1'>\n  <name>n</name>\(metadata)\n  <domain name='\(domain)' localOnly='yes'/>\n</network>\n"
        }
        let spoilt = network("<metadata>\(own)</metadata>", domain: "o'x")
        #expect(throws: (any Error).self) { try OwnerTag(xml: spoilt) }
        #expect(OwnerTag(damaged: spoilt) == OwnerTag(prefix: prefix, role: .network, name: "n"))
        #expect(OwnerTag(damaged: network("", domain: "o'x")) == nil)
        // Text of an attribute is no metadata.
        #expect(OwnerTag(damaged: network("", domain: "x'/><metadata>\(own)</metadata><a b='o'c")) != nil)
        #expect(OwnerTag(damaged: network("", domain: "o'<metadata>\(own)</metadata>")) == nil)
    }

    @Test func aMarkIsFoundUnderAnyPrefix() throws {
        let text = """
            <network xmlns:x="\(OwnerTag.namespace)"><metadata><y:other xmlns:y="urn:y"/><x:instance prefix="\(prefix)" role="network"
            name="a &quot;net&quot; &amp; &lt;more>"/></metadata></network>
            """
        #expect(try OwnerTag(xml: text) == ownerTag)
    }

    @Test(arguments: [
        "<domain><name>x</name></domain>",
        "<domain><metadata><instance prefix='fe689d3c39d011e5b22b54ee755a00ca' role='vm' name='a'/></metadata></domain>",
        "<domain><metadata><a:instance xmlns:a='https://other.example/' prefix='fe689d3c39d011e5b22b54ee755a00ca' role='vm' name='a'/></metadata></domain>",
        "<domain><metadata><a:instance xmlns:a='https://atoll.dev/xmlns/libvirt/1' prefix='short' role='vm' name='a'/></metadata></domain>",
        "<domain><metadata><a:instance xmlns:a='https://atoll.dev/xmlns/libvirt/1' prefix='fe689d3c39d011e5b22b54ee755a00ca' role='king' name='a'/></metadata></domain>",
        "<domain><metadata><a:instance xmlns:a='https://atoll.dev/xmlns/libvirt/1' prefix='fe689d3c39d011e5b22b54ee755a00ca' role='vm'/></metadata></domain>",
        "<domain><devices><a:instance xmlns:a='https://atoll.dev/xmlns/libvirt/1' prefix='fe689d3c39d011e5b22b54ee755a00ca' role='vm' name='a'/></devices></domain>",
    ])
    func whatIsNotPlainlyOursIsNotOurs(_ text: String) throws {
        #expect(try OwnerTag(xml: text) == nil)
    }
}
