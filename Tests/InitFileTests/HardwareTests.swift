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

    @Test func whatIsRenderedReadsBack() throws {
        var first = try spec(sample("firmware: uefi, tpm: true", net: "egress: [10.0.0.0/8, \"a.b:1\", gateway]"))
        first.domains["vm0"]?.disks[0].size = DiskSpec.Size(bytes: 5 << 30, isLeast: true)
        let second = try spec(ValueJSON.render(InitFile.render(first)))
        #expect(second.domains["vm0"]?.disks[0].size == first.domains["vm0"]?.disks[0].size)
        #expect(second.domains["vm0"]?.firmware == .uefi && second.domains["vm0"]?.hasTPM == true)
        #expect(second.nets["n"]?.egress == first.nets["n"]?.egress)
    }
}
