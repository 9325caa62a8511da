import AtollTestSupport
import AtollDocuments
import AtollModel
import Foundation
import OrderedCollections
import Testing

@testable import AtollInitFile

@Suite struct RenderTests {
    @Test func whatIsRenderedReadsBack() throws {
        let text = sample(
            "memory: '64', extra: [1], cpu_model: X, groups: a, metadata: {deploy-scripts: [x], k: 1}, bootstrap: false, skip-export: yes",
            net: "mtu: '9000', dhcp: {start: 2, end: 9}, dns_records: {a.b: 1.2.3.4}, management: true, kept: 1")
        let first = try spec(text)
        let rendered = InitFile.render(first)
        let second = try spec(ValueJSON.render(rendered))
        #expect(InitFile.render(second) == rendered)
        #expect(second.domains["vm0"]?.raw["extra"] == [1])
        #expect(second.nets["n"]?.raw["kept"] == 1)
        #expect(second.nets["n"]?.dhcp == first.nets["n"]?.dhcp)
        #expect(second.domains["vm0"]?.bootstrap == BootstrapKind.none)
        #expect(InitFile.validate(first).isEmpty)
    }

    @Test func aSpecMadeInCodeIsChecked() throws {
        var spec = try spec(sample("memory: 64"))
        spec.domains["vm0"]?.memory = -1
        spec.domains["vm0"]?.nics = [NICSpec(net: "elsewhere")]
        #expect(InitFile.validate(spec).map(\.path.description) == ["domains.vm0.nics[0].net", "domains.vm0.memory"])
    }

    @Test func defaultsFillWhatIsOpen() throws {
        var defaults = SpecDefaults()
        defaults.sshPassword = "secret"
        let spec = InitFile.applying(
            defaults, to: try spec("domains: {a: {nics: [], ssh-user: me}, b: {nics: [], root-password: 1}}\nnets: {n: }"))
        #expect(spec.domains.values.map(\.sshUser) == ["me", "root"])
        #expect(spec.domains.values.map(\.sshPassword) == ["secret", nil])
        #expect(spec.domains["a"]?.raw["vm-provider"] == "local-libvirt")
    }

    /// Appendix A.3: the VM as an existing prefix has it on disk.
    @Test func aSavedMachineIsReadAgain() throws {
        let saved = try ValueJSON.parse(
            """
            { "memory": 1024, "name": "vm01", "mgmt_net": "lago", "vm-type": "default", "vm-provider": "local-libvirt",
              "ssh-user": "root", "ssh-password": "123456", "snapshots": {}, "metadata": {},
              "nics": [{"net": "lago", "ip": "192.168.200.2", "mtu": 9000}],
              "disks": [{"template_name": "el7.5-base", "type": "template", "name": "root", "dev": "sda", "format": "qcow2",
                         "path": "$LAGO_PREFIX_PATH/images/vm01_root.qcow2", "metadata": {"distro": "el7", "arch": "x86_64"}}] }
            """)
        let domain = try SpecDecoder.domain(name: "vm01", value: saved)
        #expect(domain.nics.first?.ip == "192.168.200.2")
        #expect(domain.raw["mgmt_net"] == "lago")
        #expect(domain.disks.first?.raw["path"] == "$LAGO_PREFIX_PATH/images/vm01_root.qcow2")
        #expect(domain.disks.first?.metadata["distro"] == "el7")
        let net = try SpecDecoder.net(
            name: "lago",
            value: ["name": "lago", "type": "nat", "gw": "192.168.200.1", "management": true, "mapping": ["a": "b"], "dns_forward": "x"])
        #expect(net.gateway == "192.168.200.1")
        #expect(throws: InvalidInput.self) { try SpecDecoder.domain(name: "x", value: ["memory": "much", "nics": []]) }
    }

    @Test func variablesAreExpandedWhereTheyAreKnown() {
        let variables = ["A": "1", "LAGO_PREFIX_PATH": "/p", "HOME": "/home/me"]
        for (text, result) in [
            ("$A/${A}x", "1/1x"), ("$LAGO_PREFIX_PATH/../s.sh", "/p/../s.sh"), ("$NOPE ${NOPE} $", "$NOPE ${NOPE} $"), ("a$$A", "a$1"),
            ("${A", "${A"),
            ("100%", "100%"), ("", ""),
        ] { #expect(Expansion.expand(text, variables: variables) == result) }
        #expect(Expansion.expandPath("~/x$A", variables: variables) == "/home/me/x1")
        #expect(Expansion.expandPath("~x", variables: variables) == "~x")
    }

    @Test func schemaAndDecoderKnowTheSameKeys() throws {
        let schema = InitFileSchema.document
        let places: [(Keys.Place, Value?)] = [
            (.root, schema), (.domain, schema["$defs"]?["domain"]), (.disk, schema["$defs"]?["disk"]), (.nic, schema["$defs"]?["nic"]),
            (.net, schema["$defs"]?["net"]), (.dhcp, schema["$defs"]?["dhcp"]), (.cloudInit, schema["$defs"]?["cloudInit"]),
        ]
        #expect(places.count == Keys.Place.allCases.count)
        for (place, definition) in places {
            let properties = try #require(definition?["properties"]?.members)
            #expect(Set(properties.keys) == Keys.names[place])
            #expect(properties.values.allSatisfy { $0["description"]?.text?.isEmpty == false })
        }
        let text = ValueJSON.render(schema)
        #expect(try ValueJSON.parse(text) == schema)
        // Every reference leads somewhere.
        for match in text.matches(of: /#\/\$defs\/(\w+)/) { #expect(schema["$defs"]?[String(match.1)] != nil) }
    }

    /// Keys of the table are really read: none of them draws a warning, and each draws an error or changes the spec when it is wrong.
    @Test func noKnownKeyIsUnknownToTheDecoder() {
        for place in [Keys.Place.domain, .net] {
            for key in Keys.known(at: place) {
                let text = place == .domain ? sample("\(key.name): ") : sample(net: "\(key.name): ")
                #expect(!warnings(text).contains { $0.contains("unknown key") }, "\(key.name)")
            }
        }
    }

    @Test func examplesHaveNothingToComplainAbout() throws {
        let package = URL(fileURLWithPath: Checkout.root).resolvingSymlinksInPath()
        let folder = package.appendingPathComponent("init-examples").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }
        #expect(names.count >= 4)
        for name in names {
            let draft = InitFile.draft(path: folder + "/" + name)
            #expect(draft.errors.isEmpty && draft.warnings.isEmpty, "\(draft.errors + draft.warnings)")
            #expect(!draft.spec.domains.isEmpty)
        }
    }
}
