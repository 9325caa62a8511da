import AtollDocuments
import AtollModel
import OrderedCollections
import Testing

@testable import AtollInitFile

/// Keys that wish for hardware, and for what a net reaches.
@Suite struct HardwareTests {
    private func egress(_ net: String) throws -> Egress? { try #require(try spec(sample(net: net)).nets["n"]).egress }

    @Test func egressIsAWordOrAList() throws {
        #expect(try egress("") == nil)
        // YAML has its own idea of on and off; JSON has words.
        #expect(try egress("egress: on") == .on && egress("egress: off") == .off)
        #expect(try egress("egress: \"on\"") == .on && egress("egress: \"off\"") == .off)
        #expect(try egress("egress: []") == .only([]))
        #expect(try egress("egress: outside") == .outside && egress("egress: [0.0.0.0/0]") == .outside)
        let list = try egress("egress: [10.0.0.5, 10.1.0.0/16, \"10.0.0.6:443\", mirror.example, \"mirror.example:80\", \"gateway:8080\"]")
        let places: [Egress.Destination] = [
            .init(.subnet(IPv4Subnet(containing: IPv4Address(10, 0, 0, 5), prefixLength: 32))),
            .init(.subnet(IPv4Subnet(containing: IPv4Address(10, 1, 0, 0), prefixLength: 16))),
            .init(.subnet(IPv4Subnet(containing: IPv4Address(10, 0, 0, 6), prefixLength: 32)), port: 443), .init(.name("mirror.example")),
            .init(.name("mirror.example"), port: 80), .init(.gateway, port: 8080),
        ]
        #expect(list == .only(places))
    }

    @Test(arguments: [
        "10.0.0.1/16", "10.0.0.256", "10.0.0.0/33", "host:0", "host:65536", "host:", ":80", "-a", "a..b", "::1", "http://mirror", "1.2.3",
        "a_b",
    ]) func whatIsNoPlaceIsRefusedAtItsPlace(_ text: String) {
        let found = errors(sample(net: "egress: [10.0.0.5, \"\(text)\"]"))
        #expect(found.count == 1 && found[0].contains("nets.n.egress[1]: found the text"), "\(found)")
    }

    @Test func aNetThatIsNotNATHasNoList() {
        #expect(errors(sample(net: "type: isolated, egress: off")) == [])
        #expect(errors(sample(net: "type: isolated, egress: on")).count == 1)
        #expect(errors(sample(net: "type: isolated, egress: [10.0.0.5]")).count == 1)
        #expect(errors(sample(net: "type: bridge, egress: off")).count == 1)
        #expect(errors(sample(net: "type: bridge, egress: on")) == [])
        #expect(warnings(sample(net: "type: bridge, ipv6: no")).contains { $0.contains("nets.n.ipv6: not used: a bridge net") })
        #expect(errors(sample(net: "egress: 5")).count == 1)
    }

    @Test func aLayeredDiskHasASize() throws {
        func size(_ text: String) throws -> DiskSpec.Size? {
            try spec("domains: {a: {nics: [{net: n}], disks: [\(rootDisk.dropLast()), size: \(text)}]}}\nnets: {n: {}}").domains["a"]?
                .disks[0]
                .size
        }
        #expect(try size("10G") == DiskSpec.Size(bytes: 10 << 30))
        #expect(try size("1048576") == DiskSpec.Size(bytes: 1 << 20))
        #expect(try size("\">= 10G\"") == DiskSpec.Size(bytes: 10 << 30, isLeast: true))
        for wrong in ["big", "0", "\"> 1G\"", "-1G"] { #expect(throws: InvalidInput.self, "\(wrong)") { try size(wrong) } }
    }

    @Test func firmwareAndTPM() throws {
        #expect(try domain("memory: 64").firmware == nil && domain("memory: 64").hasTPM == false)
        #expect(try domain("firmware: uefi, tpm: true").firmware == .uefi && domain("tpm: yes").hasTPM)
        #expect(errors(sample("firmware: efi")).first?.contains("allowed: bios, uefi") == true)
        #expect(errors(sample("tpm: 2.0")).count == 1)
    }

    @Test(arguments: ["vd", "zz", "VDA", "sda1", "vdaaa", "vd a", "xvda", "1"]) func whatIsNoDeviceIsRefused(_ text: String) throws {
        let wrong = sample().replacing("dev: vda", with: "dev: \"\(text)\"")
        #expect(errors(wrong).first?.contains("disks[0].dev: found the text \"\(text)\"; allowed: a guest device: vda to vdzz") == true)
        for right in ["vda", "vdzz", "sdab", "hdc"] { #expect(errors(sample().replacing("dev: vda", with: "dev: \(right)")) == []) }
    }

    @Test func namesOfHardwareHaveAForm() {
        #expect(errors(sample("arch: z80")).first?.contains("arch: found the text \"z80\"; allowed: x86_64, i686, aarch64") == true)
        #expect(errors(sample("arch: s390x, machine: pc-q35-7.2, cpu_model: Skylake-Server-IBRS")) == [])
        for wrong in ["machine: \"a b\"", "machine: \"o'x\"", "cpu_model: \"a<b\""] {
            #expect(errors(sample(wrong)).count == 1, "\(wrong)")
        }
    }

    @Test func anMTUIsOneThatABridgeAndANICCanHave() throws {
        for wrong in [68, 1279, 65522] {
            let found = errors(sample(net: "mtu: \(wrong)"))
            #expect(found.first?.contains("found the number \(wrong); allowed: a whole number of bytes from 1280 to 65521") == true)
        }
        for right in [1280, 9000, 65521] { #expect(try spec(sample(net: "mtu: \(right)")).nets["n"]?.mtu == right) }
    }

    @Test(arguments: ["o'x", "a&b", "x<z>", "a b", "a..b", ".a", "a.", "-a", "a-", "ä", String(repeating: "a", count: 64)])
    func aNameForANameServerIsOne(_ text: String) {
        let domain = errors(sample(net: "dns_domain_name: \"\(text)\", management: true"))
        #expect(domain.count == 1 && domain[0].contains("nets.n.dns_domain_name: found "), "\(domain)")
        let record = errors(sample(net: "dns_records: {\"\(text)\": 192.168.200.9}, management: true"))
        #expect(record.count == 1 && record[0].contains("cannot be a host's name; allowed: a DNS name"), "\(record)")
    }

    @Test func recordsAreNamesWithAddresses() throws {
        let net = try #require(
            try spec(sample(net: "dns_domain_name: lab-1.my_site.local, dns_records: {a_b.c: \"fd00::1\", d: 10.0.0.1}")).nets["n"])
        #expect(net.dnsDomainName == "lab-1.my_site.local" && net.dnsRecords == ["a_b.c": "fd00::1", "d": "10.0.0.1"])
        #expect(errors(sample(net: "dns_records: {a: \"b:c\"}")).count == 1)
    }

    /// It may be running: then it has to be stopped by what is saved.
    @Test func whatAnEarlierVersionLetInIsStillRead() throws {
        let net = try SpecDecoder.net(name: "n", value: ["dns_domain_name": "o'x", "mtu": 68, "dns_records": ["a b": "b:c"]])
        #expect(net.dnsDomainName == "o'x" && net.mtu == 68 && net.dnsRecords == ["a b": "b:c"])
        #expect(try SpecDecoder.net(name: "n", value: ["ipv6": "auto"]).ipv6 == nil)
        #expect(errors(sample(net: "ipv6: auto")).first?.contains("nets.n.ipv6: found the text \"auto\"; allowed: true or false") == true)
        let saved = try SpecDecoder.domain(name: "a", value: ["arch": "z80", "nics": []])
        #expect(saved.architecture == "z80")
    }

    @Test func whatOnlyFollowsFromAnErrorIsNotTold() {
        let twice = #"{"domains": {"a": {"nics": [{"net": "n"}], "disks": []}}, "domains": {}, "nets": {"n": {}}}"#
        for text in ["domains: [1]\nnets: {n: {}}", "domains: 3\nnets: {n: {}}", twice] {
            #expect(!warnings(text).contains { $0.contains("there is no VM in it") }, "\(warnings(text))")
            #expect(errors(text).count == 1, "\(errors(text))")
        }
        #expect(warnings("domains: {}\nnets: {n: {}}").contains { $0.contains("there is no VM in it") })
    }

    @Test func whatIsRenderedReadsBack() throws {
        var first = try spec(sample("firmware: uefi, tpm: true", net: "ipv6: no, egress: [10.0.0.0/8, \"a.b:1\", gateway]"))
        first.domains["vm0"]?.disks[0].size = DiskSpec.Size(bytes: 5 << 30, isLeast: true)
        let second = try spec(ValueJSON.render(InitFile.render(first)))
        #expect(second.domains["vm0"]?.disks[0].size == first.domains["vm0"]?.disks[0].size)
        #expect(second.domains["vm0"]?.firmware == .uefi && second.domains["vm0"]?.hasTPM == true)
        #expect(second.nets["n"]?.egress == first.nets["n"]?.egress && second.nets["n"]?.ipv6 == false)
    }
}
