import AtollInitFile
import AtollModel
import Testing

@testable import AtollTopology

/// Names that DNS cannot tell apart, or that would silently replace others.
@Suite struct NameTests {
    private func found(_ text: String, _ occupancy: HostOccupancy = HostOccupancy()) -> (errors: [String], warnings: [String]) {
        let draft = InitFile.draft(text, file: "f")
        let all = draft.errors + draft.warnings + Topology.findings(draft.spec, beside: draft.errors, occupancy: occupancy)
        func places(_ severity: Diagnostic.Severity) -> [String] {
            all.filter { $0.severity == severity }.inFileOrder().map { "\($0.position?.line ?? 0):\($0.position?.column ?? 0) \($0.path)" }
        }
        return (places(.error), places(.warning).filter { !$0.hasSuffix("domains.") })
    }

    private func file(_ names: [String], nets: String = "n: ") -> String {
        "domains:\n" + names.map { "  \($0): {nics: [{net: n}], disks: []}\n" }.joined() + "nets: {\(nets)}"
    }

    @Test(arguments: [
        (["vm-a", "VM-A"], ["3:3 domains.VM-A"]),
        (["box", "box-eth0"], ["3:3 domains.box-eth0"]),
        (["BOX-n", "box"], ["2:3 domains.BOX-n"]),
        (["box", "box-n-0"], ["3:3 domains.box-n-0"]),
        (["end-"], ["2:3 domains.end-"]),
        (["a.-b"], ["2:3 domains.a.-b"]),
        (["a-.b"], ["2:3 domains.a-.b"]),
        (["a."], ["2:3 domains.a."]),
        (["10a", "a-1", "host.example.com", "host.example.org", "box-eth1"], []),
        (["box", "box-eth1", "box-m"], []),
    ])
    func namesAreComparedAsDNSDoes(_ names: [String], _ expected: [String]) {
        let errors = found(file(names)).errors.map { $0.replacing("[\"", with: ".").replacing("\"]", with: "") }
        #expect(errors == expected)
    }

    @Test(arguments: ["a_b", "_a", "10", "host.1"]) func whatLagoLetInIsWarnedAboutOnly(_ name: String) {
        let result = found(file([name]))
        #expect(result.errors.isEmpty && result.warnings.contains { $0.hasPrefix("2:3 domains") }, "\(result)")
    }

    @Test func derivedNamesOfTwoNICsCollide() {
        #expect(
            found("domains:\n  a: {nics: [{net: n}, {net: eth0}], disks: []}\nnets: {n: {management: true}, eth0: }").errors == [
                "2:24 domains.a.nics[1]"
            ])
        #expect(
            found("domains:\n  a: {nics: [{net: n}, {net: N}], disks: []}\nnets: {n: {management: true}, N: }").errors == [
                "2:24 domains.a.nics[1]"
            ])
    }

    @Test(arguments: [
        ("{box: 10.1.2.3}", ["3:31 nets.n.dns_records.box"]),
        ("{BOX: 10.1.2.3}", ["3:31 nets.n.dns_records.BOX"]),
        ("{box-eth0: 10.1.2.3}", ["3:36 nets.n.dns_records.box-eth0"]),
        ("{box: 192.168.200.2}", []),
        ("{www: 10.1.2.3}", []),
        ("{www: 10.1.2.3, WWW: 10.1.2.4}", ["3:45 nets.n.dns_records.WWW"].map { $0.replacing("3:45", with: "3:41") }),
    ])
    func aRecordDoesNotVanish(_ records: String, _ expected: [String]) {
        #expect(found(file(["box"], nets: "n: {dns_records: \(records)}")).errors == expected)
    }

    @Test func aQualifiedRecordIsTheSameName() {
        let result = found(file(["box"], nets: "n: {dns_domain_name: a.b, dns_records: {box.a.b: 10.1.2.3, box.c.d: 10.1.2.3}}"))
        #expect(result.errors.count == 1)
    }

    @Test(arguments: [
        ([], "the store of subnets is full", "used by other nets of this file: 1; leased by environments: 55"),
        (
            [HostOccupancy.Use(IPv4Subnet(containing: IPv4Address(192, 168, 0, 0), prefixLength: 16), by: "the route over eth0")],
            "no subnet is free", "leased by environments: 55; overlapping 192.168.0.0/16, the route over eth0: 1"
        ),
    ])
    func theCauseOfNoSubnetIsNamed(_ uses: [HostOccupancy.Use], _ title: String, _ causes: String) {
        let leases = Dictionary(uniqueKeysWithValues: IPv4Subnet.leasedRange.dropFirst().map { ($0, "/w/uuid") })
        let draft = InitFile.draft("{domains: {a: {nics: [{net: n}]}}, nets: {n: , o: }}", file: "f")
        let found = Topology.findings(draft.spec, beside: [], occupancy: HostOccupancy(leases: leases, uses: uses))
        let errors = found.filter { $0.severity == .error }.map(\.message)
        #expect(errors.count == 1)
        #expect(errors.first?.contains(title) == true && errors.first?.contains(causes) == true, "\(errors)")
    }
}
