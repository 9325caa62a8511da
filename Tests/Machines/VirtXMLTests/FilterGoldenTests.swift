import AtollModel
import AtollVirtXML
import AtollXML
import OrderedCollections
import Testing

@Suite struct FilterGoldenTests {
    private func definition(_ egress: Egress, openings: [FilterDefinition.Opening] = [], hasIPv6: Bool = true) throws -> FilterDefinition? {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.spec.egress = egress
        let network = try #require(environment.networks["lan"])
        return FilterDefinition(
            network, of: environment, hasIPv6: hasIPv6, openings: openings,
            barred: [
                IPv4Subnet(containing: IPv4Address(192, 168, 200, 0), prefixLength: 21),
                IPv4Subnet(containing: IPv4Address(10, 0, 0, 9), prefixLength: 32),
            ])
    }

    private let openings = [
        FilterDefinition.Opening(IPv4Subnet(containing: IPv4Address(10, 0, 0, 0), prefixLength: 8)),
        FilterDefinition.Opening(IPv4Subnet(containing: IPv4Address(10, 0, 0, 9), prefixLength: 32), port: 443, name: "mirror.example"),
        FilterDefinition.Opening(IPv4Subnet(containing: IPv4Address(192, 168, 200, 1), prefixLength: 32), port: 8080),
    ]

    @Test func nothingOutside() throws { try expectGolden(try VirtXML.text(try #require(try definition(.off))), "filter-off") }

    @Test func aList() throws {
        try expectGolden(try VirtXML.text(try #require(try definition(.only([]), openings: openings))), "filter-list")
    }

    @Test func aNetworkWithoutLimitsHasNone() throws { #expect(try definition(.on) == nil) }

    @Test func aNetThatWantsNoIPv6LetsNoneThrough() throws {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.spec.egress = .off
        environment.networks["lan"]?.spec.ipv6 = false
        let network = try #require(environment.networks["lan"])
        let filter = FilterDefinition(network, of: environment, hasIPv6: true, openings: [], barred: [])
        let rules = try XML.read(try VirtXML.text(try #require(filter))).all("rule")
        #expect(rules.filter { $0.elements.first?.name.hasSuffix("v6") == true }.map { $0["action"] } == ["drop"])
    }

    @Test func whatAWiderBarCoversNeedsNoRuleUnlessSomethingIsOpenedThere() throws {
        func subnet(_ octet: UInt8, _ length: Int, last: UInt8 = 0) -> IPv4Subnet {
            IPv4Subnet(containing: IPv4Address(192, 168, octet, last), prefixLength: length)
        }
        func drops(_ openings: [IPv4Subnet]) throws -> [String] {
            var filter = try #require(try definition(.outside, openings: openings.map { .init($0) }))
            filter.barred = [subnet(200, 21), subnet(201, 24), subnet(201, 32, last: 1), subnet(10, 24)]
            return try XML.read(try VirtXML.text(filter)).all("rule")
                .filter { $0["action"] == "drop" && (300..<900).contains(Int($0["priority"] ?? "") ?? 0) }
                .map { "\($0.elements.first?["dstipaddr"] ?? "")/\($0.elements.first?["dstipmask"] ?? "")" }
        }
        let everything = IPv4Subnet(containing: IPv4Address(0, 0, 0, 0), prefixLength: 0)
        #expect(try drops([everything]) == ["192.168.10.0/24", "192.168.200.0/21"])
        #expect(try drops([everything, subnet(200, 32, last: 1)]).count == 2, "that is the host, which has rules of its own")
        #expect(try drops([everything, subnet(200, 22)]) == ["192.168.10.0/24", "192.168.200.0/21", "192.168.201.0/24"])
        #expect(try drops([everything, subnet(201, 24)]).count == 4)
    }

    @Test func theNarrowerNetworkWinsAndAnOpeningOverABarAsNarrow() throws {
        let root = try XML.read(try VirtXML.text(try #require(try definition(.only([]), openings: openings))))
        let rules = root.all("rule").filter { Int($0["priority"] ?? "").map { (300..<900).contains($0) } == true }
            .sorted { Int($0["priority"] ?? "") ?? 0 < Int($1["priority"] ?? "") ?? 0 }
        let words = rules.map { "\($0["action"] ?? "") \($0.elements.first?["dstipaddr"] ?? "")/\($0.elements.first?["dstipmask"] ?? "")" }
        #expect(words == ["accept 10.0.0.9/32", "accept 10.0.0.9/32", "drop 10.0.0.9/32", "drop 192.168.200.0/21", "accept 10.0.0.0/8"])
    }

    @Test func theAddressesOfNamesAreReadBack() throws {
        let text = try VirtXML.text(try #require(try definition(.only([]), openings: openings)))
        let description = try FilterDescription(xml: text)
        #expect(description.name == HostNames.filter(prefix, "lan"))
        #expect(description.addresses == ["mirror.example": [IPv4Address(10, 0, 0, 9)]])
    }

    @Test func theNameTellsWhoseItIs() throws {
        let owner = try #require(HostNames.filterOwner(HostNames.filter(prefix, "a-b.c")))
        #expect(owner.prefix == prefix && owner.net == "a-b.c")
        for name in [
            "clean-traffic", "atoll-", "atoll-fe689d3c-lan", "atoll-\(prefix.hex)", "atoll-\(prefix.hex)-", "atoll-\(prefix.hex)xlan",
        ] {
            #expect(HostNames.filterOwner(name) == nil, "\(name)")
        }
    }

    @Test func aNetworkThatReachesNothingHasNoWayOut() throws {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.spec.egress = .off
        let off = try NetworkDefinition(try #require(environment.networks["lan"]), of: environment, hasIPv6: false)
        #expect(!(try VirtXML.text(off).contains("forward mode")))
        environment.networks["lan"]?.spec.egress = .only([])
        var only = try NetworkDefinition(try #require(environment.networks["lan"]), of: environment, hasIPv6: false)
        only.dns?.pinned = ["mirror.example": [IPv4Address(10, 0, 0, 9)], "vm-host": [IPv4Address(10, 0, 0, 8)]]
        let text = try VirtXML.text(only)
        #expect(text.contains("forward mode=\"nat\""))
        // A name of the environment's own is not taken over.
        #expect(text.contains("mirror.example") && !text.contains("10.0.0.8"))
    }
}
