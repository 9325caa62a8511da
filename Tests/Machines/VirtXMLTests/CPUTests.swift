import AtollModel
import AtollVirtXML
import AtollXML
import OrderedCollections
import Testing

@Suite struct CPUTests {
    private func cpu(_ choice: CPUChoice, type: VirtualizationType = .kvm, vcpus: Int = 2, memory: Int = 2047) throws -> Element {
        let text = try VirtXML.text(
            sampleDomain {
                $0.cpu = choice
                $0.type = type
                $0.vcpus = vcpus
                $0.memoryMiB = memory
            })
        return try #require(try XML.read(text).first("cpu"))
    }

    @Test(arguments: [CPUChoice.host, .model("Westmere"), .custom(["@mode": "host-model"], topology: true)], [1, 2, 3, 4, 7, 8, 16])
    func everyProcessorIsASocketOfItsOwn(_ choice: CPUChoice, _ vcpus: Int) throws {
        for type in VirtualizationType.allCases {
            let topology = try cpu(choice, type: type, vcpus: vcpus).first("topology")
            #expect(topology == Element("topology", ["sockets": "\(vcpus)", "cores": "1", "threads": "1"]))
        }
    }

    @Test(arguments: [
        (1, []), (2, ["0", "1"]), (3, ["0", "1", "2"]), (4, ["0-1", "2-3"]), (5, ["0", "1", "2", "3", "4"]), (6, ["0-1", "2-3", "4-5"]),
        (8, ["0-3", "4-7"]), (10, ["0-1", "2-3", "4-5", "6-7", "8-9"]), (12, ["0-3", "4-7", "8-11"]),
    ])
    func theHostsProcessorIsDividedIntoCells(_ vcpus: Int, _ cpus: [String]) throws {
        let element = try cpu(.host, vcpus: vcpus)
        #expect(element["mode"] == "host-passthrough")
        let cells = element.first("numa")?.all("cell") ?? []
        #expect(cells.map { $0["cpus"] } == cpus)
        #expect(cells.map { $0["id"] } == cpus.indices.map(String.init))
        #expect(cells.allSatisfy { $0["memory"] == "\(2047 / cpus.count)" && $0["unit"] == "MiB" })
        if vcpus == 2 { #expect(cells[0]["memory"] == "1023") }
    }

    @Test func emulationOffersAllItCanAndNoCells() throws {
        let element = try cpu(.host, type: .qemu, vcpus: 4)
        #expect(element["mode"] == "maximum")
        #expect(element.first("numa") == nil)
    }

    @Test func anExactModelHasNoCells() throws {
        let element = try cpu(.model("Westmere", nested: "vmx"))
        #expect(element["match"] == "exact")
        #expect(element.first("model")?.text == "Westmere")
        #expect(element.first("numa") == nil)
        #expect(element.first("feature") == Element("feature", ["policy": "require", "name": "vmx"]))
        #expect(try cpu(.model("Westmere", nested: "vmx"), type: .qemu).first("feature") == nil)
    }

    @Test func aCustomElementIsTakenLiterally() throws {
        let custom: Value = [
            "@mode": "custom", "@match": "exact", "model": ["@fallback": "allow", "#text": "Westmere"],
            "feature": [["@policy": "optional", "@name": "vmx"], ["@policy": "disable", "@name": "svm"]], "vendor": "Intel", "x": nil,
        ]
        let expected = try XML.read(
            """
            <cpu mode='custom' match='exact'><model fallback='allow'>Westmere</model><feature policy='optional' name='vmx'/>
            <feature policy='disable' name='svm'/><vendor>Intel</vendor><x/></cpu>
            """)
        #expect(try cpu(.custom(custom, topology: false)) == expected)
        let own: Value = ["topology": ["@sockets": 1, "@cores": 2, "@threads": 1]]
        #expect(try cpu(.custom(own, topology: true)).all("topology").map { $0["cores"] } == ["2"])
    }

    @Test(arguments: [
        Value.string("host-passthrough"), ["a", "b"], ["@mode": ["x": "y"]], ["bad name": "x"], ["#text": ["a"]], ["model": "a\u{1}"],
    ])
    func whatCannotBeAnElementSaysSo(_ value: Value) {
        let error = #expect(throws: VirtXMLError.self) { try cpu(.custom(value, topology: true)) }
        #expect(error?.message.hasPrefix("conversion of 'cpu' to XML failed") == true)
    }

    private let map = """
        <cpus><arch name='x86'><vendor name='Intel' string='GenuineIntel'/><model name='486'/>
        <model name='Westmere'><vendor name='Intel'/></model><model name='Westmere-child'><model name='Westmere'/></model>
        <model name='EPYC'><vendor name='AMD'/></model><model name='loop-a'><model name='loop-b'/></model>
        <model name='loop-b'><model name='loop-a'/></model></arch><arch name='ppc64'><model name='POWER8'/></arch></cpus>
        """

    @Test func anUnknownModelIsNamed() throws {
        let models = try CPUModels(xml: map)
        for name in ["Pentium 9", "POWER8"] {
            let error = #expect(throws: VirtXMLError.self) { try models.vendor(of: name) }
            #expect(error?.message == "No such CPU family: \(name)")
        }
        #expect(try models.vendor(of: "486") == "generic")
        #expect(try models.vendor(of: "Westmere-child") == "Intel")
        #expect(try models.vendor(of: "loop-a") == "generic")
    }

    @Test func includedFilesAreStitched() throws {
        let index =
            "<cpus><arch name='x86'><include filename='v.xml'/><group name='g'><include filename='m.xml'/></group><include filename='gone.xml'/></arch></cpus>"
        let files = [
            "v.xml": "<cpus><vendor name='Intel'/></cpus>", "m.xml": "<cpus><model name='M'><vendor name='Intel'/></model></cpus>",
        ]
        #expect(try CPUModels(xml: index) { files[$0] }.vendors == ["M": "Intel"])
        #expect(throws: VirtXMLError.self) {
            try CPUModels(xml: "<cpus><arch name='x86'><include filename='a'/></arch></cpus>") { _ in "<cpus><include filename='a'/></cpus>"
            }
        }
        #expect(throws: VirtXMLError.self) { try CPUModels(directory: "/no/such/directory") }
    }

    @Test func emulatorsAreFoundByArchitectureAndType() throws {
        let host = try HostCapabilities(
            xml: """
                <capabilities><host><cpu><arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor><feature name='svm'/></cpu></host>
                <guest><os_type>xen</os_type><arch name='x86_64'><emulator>/xen</emulator><domain type='kvm'/></arch></guest>
                <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/q</emulator><domain type='qemu'/>
                <domain type='kvm'><emulator>/k</emulator></domain></arch></guest></capabilities>
                """)
        #expect(host.arch == "x86_64" && host.cpu == .init(model: "EPYC", vendor: "AMD", features: ["svm"]))
        #expect(host.emulator(arch: "x86_64", virtualizationType: .qemu) == "/q")
        #expect(host.emulator(arch: "x86_64", virtualizationType: .kvm) == "/k")
        #expect(host.emulator(arch: "aarch64", virtualizationType: .qemu) == nil)
    }

    @Test func theUserOfQEMUIsLibvirtsOwnWord() throws {
        let model = { (name: String, label: String) in
            "<secmodel><model>\(name)</model><doi>0</doi><baselabel type='kvm'>\(label)</baselabel></secmodel>"
        }
        let text = "<capabilities><host>\(model("apparmor", "x"))\(model("dac", "+64055:+107"))</host></capabilities>"
        #expect(try HostCapabilities(xml: text).qemuUser == 64055)
        // A session's libvirt runs QEMU as the caller, and says nothing.
        #expect(try HostCapabilities(xml: "<capabilities><host/></capabilities>").qemuUser == nil)
    }
}
