import AtollHostFakes
import AtollInitFile
import AtollModel
import AtollPlatform
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollEnvironments

/// One look at an init file tells everything that is wrong with it.
@Suite struct ExaminationTests {
    private func found(_ text: String) throws -> [String] {
        let fake = try FakeHost()
        let host = try fake.host()
        let file = try fake.workspace.write("atoll.yaml", text)
        var generator = SystemRandomNumberGenerator()
        let found = try Resolution.examine(
            file: file, defaults: SpecDefaults(), leases: host.leases, routes: [], networks: [], taken: [], generator: &generator)
        #expect(found.hasErrors == found.findings.contains { $0.severity == .error })
        return found.findings.map { String($0.description.dropFirst(file.count + 1)) }
    }

    /// The longest prefix wins, so a wider route yields; hosts on a link do not.
    @Test(arguments: [
        ([HostRoute(base: 0, prefixLength: 1, device: "tun0"), HostRoute(base: 0x8000_0000, prefixLength: 1, device: "tun0")], "200"),
        ([HostRoute(base: 0x8000_0000, prefixLength: 1, device: "eth0", isOnLink: true)], "200"),
        ([HostRoute(base: 0xC000_0000, prefixLength: 3, device: "wg0")], "200"),
        ([HostRoute(base: 0xC0A8_0000, prefixLength: 16, device: "tun0")], "200"),
        ([HostRoute(base: 0xC0A8_C800, prefixLength: 23, device: "eth0")], "200"),
        ([HostRoute(base: 0xC0A8_C800, prefixLength: 24, device: "tun0")], "201"),
        ([HostRoute(base: 0xC0A8_C880, prefixLength: 25, device: "tun0")], "201"),
        ([HostRoute(base: 0xC0A8_C805, prefixLength: 32, device: "tun0")], "201"),
        ([HostRoute(base: 0xC0A8_C800, prefixLength: 22, device: "eth0", isOnLink: true)], "204"),
        ([HostRoute(base: 0xC0A8_0000, prefixLength: 16, device: "eth0", isOnLink: true)], nil),
    ])
    func onlyRoutesInTheWayAreAvoided(_ routes: [HostRoute], _ octet: String?) throws {
        let fake = try FakeHost()
        let host = try fake.host()
        let file = try fake.workspace.write("atoll.yaml", "domains: {a: {nics: [{net: n}], disks: []}}\nnets: {n: }")
        var generator = SystemRandomNumberGenerator()
        let found = try Resolution.examine(
            file: file, defaults: SpecDefaults(), leases: host.leases, routes: routes, networks: [], taken: [], generator: &generator)
        #expect(found.environment?.networks["n"]?.gateway?.description == octet.map { "192.168.\($0).1" })
        if octet == nil { #expect(found.findings.contains { $0.message.contains("192.168.0.0/16, the route over eth0: 56") }) }
    }

    @Test func errorsOfEverySectionComeInOneRunAndInFileOrder() throws {
        let lines = try found(
            """
            domains:
              vm-a:
                vcpus: 4
                memory: lots
                nics:
                  - net: mgmt
                    ip: 192.168.200.300
                disks:
                  - {template_name: tiny, type: template, name: root, dev: vda, format: qcow2}
                  - {type: empty, size: huge, name: data, dev: vda, format: qcow3}
              vm-b:
                nics:
                  - net: mgmt
                    ip: 192.168.200.9
                  - net: storrage
                memory: 512
                memory: 1024
                disks: []
              vm-c:
                nics: [{net: other}, {net: mgmt, ip: 192.168.200.9}]
                graphics: vga
                disks: []
              vm-d:
                nics: [{net: other}]
                disks: []
              vm-d:
                nics: [{net: other}]
                disks: []
              vm-e:
                nics: [{net: other}]
                disks: []
              vm-f:
                nics: [{net: mgmt}, {net: mgmt}]
                disks: []
            nets:
              mgmt: {management: true, dhcp: {start: 0, end: 300}}
              other: {type: nat, gw: 192.168.1}
              third: {gateway: 192.168.210.1, dns_domain_name: a.b}
            """
        ).filter { !$0.contains("no disk") }
        let expected = [
            "3:5: warning: domains.vm-a.vcpus: unknown key in a VM, kept and not used; did you mean `vcpu`?",
            "4:13: domains.vm-a.memory: found the text \"lots\"; allowed: a whole number of MiB, such as 1024",
            "7:13: domains.vm-a.nics[0].ip: the last octet of 192.168.200.300 is out of range; allowed: 2 to 254",
            "10:29: domains.vm-a.disks[1].size: found the text \"huge\"; allowed: a size in bytes, or with k, M, G or T, such as 10G",
            "10:52: domains.vm-a.disks[1].dev: disks[0] is vda already",
            "10:65: domains.vm-a.disks[1].format: found the text \"qcow3\"; allowed: qcow2, raw, iso; did you mean `qcow2`?",
            "15:14: domains.vm-b.nics[1].net: unrecognized network in vm-b: storrage, available: mgmt, other, third",
            "17:5: domains.vm-b.memory: this key is already there, at line 16; a key may be written once",
            "20:42: domains.vm-c.nics[1].ip: 192.168.200.9 is given twice: domains.vm-b.nics[0].ip (line 14) has it too",
            "21:15: domains.vm-c.graphics: found the text \"vga\"; allowed: none, vnc, spice",
            "26:3: domains.vm-d: this key is already there, at line 23; a key may be written once",
            "30:5: domains.vm-e.nics: VM vm-e has no management network, please connect it to one: mgmt",
            "33:5: domains.vm-f.nics: VM vm-f has more than one management network: mgmt, mgmt; keep one NIC on one of them",
            "36:42: nets.mgmt.dhcp.start: found the number 0; allowed: a last octet from 1 to 254",
            "36:50: nets.mgmt.dhcp.end: found the number 300; allowed: a last octet from 1 to 254",
            "37:26: nets.other.gw: \"192.168.1\" is no IPv4 address; allowed: an address such as 192.168.210.1",
            "38:11: warning: nets.third.gateway: unknown key in a net, kept and not used; did you mean `gw`?",
            "38:52: nets.third.dns_domain_name: networks: third, misconfigured, they are not marked as management, but have DNS attributes. "
                + "DNS is supported only in management networks: add `management: true` or remove dns_domain_name",
        ]
        for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }
        #expect(lines.count == expected.count)
    }

    @Test func aFileThatIsNoneHasOneError() throws {
        for text in ["hello", "domains: [", "vms: {}", "{\"domains\": {]"] { #expect(try found(text).count == 1, "\(text)") }
    }

    /// A missing template does not hide behind a misspelt key, nor the other way round.
    @Test func aRealInitAlsoNamesWhatIsMissingWhenTheFileHasErrors() async throws {
        let fake = try FakeHost()
        let text = """
            domains:
              a: {memory: x, nics: [{net: n}], disks: [{type: template, template_type: qcow2, path: /nowhere.qcow2, name: r, dev: vda, format: qcow2}]}
            nets: {n: }
            """
        let request = try fake.request(text)
        let error = await #expect(throws: InvalidInput.self) {
            try await InitUseCase(host: try fake.host(), context: VerbContext(verb: "init")).run(request)
        }
        #expect(error?.diagnostics.map(\.path.description) == ["domains.a.memory", "domains.a.disks[0].path"])
        #expect(try fake.leftovers() == [])
    }
}
