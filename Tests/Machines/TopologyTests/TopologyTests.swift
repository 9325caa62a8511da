import AtollDocuments
import AtollInitFile
import AtollModel
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollTopology

private let id = PrefixID("fe689d3c39d011e5b22b54ee755a00ca")!

private func resolve(_ text: String, _ occupancy: HostOccupancy = HostOccupancy()) throws -> Environment {
    try Topology.resolve(try InitFile.parse(text, file: "f").spec, id: id, occupancy: occupancy).environment
}

/// Positions and messages, one string each.
private func errors(_ text: String, _ occupancy: HostOccupancy = HostOccupancy()) -> [String] {
    do {
        _ = try resolve(text, occupancy)
        return []
    } catch let error as InvalidInput {
        return error.diagnostics.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

private func subnet(_ text: String, _ length: Int = 24) -> IPv4Subnet { IPv4Subnet(containing: IPv4Address(text)!, prefixLength: length) }

@Suite struct TopologyTests {
    /// The specification's worked example.
    @Test func threeMachinesOnThreeNets() throws {
        let environment = try resolve(
            """
            domains:
              vm-host: {nics: [{net: management}, {net: failover}]}
              vm-storage: {nics: [{net: management}, {net: storage}, {net: storage}]}
              vm-client: {nics: [{net: management}, {net: storage}]}
            nets:
              management: {management: true, dns_records: {www.google.com: 127.0.0.1}}
              storage: {}
              failover:
            """)
        let addresses = environment.machines.values.map { $0.nics.map { $0.address?.description } }
        #expect(
            addresses == [
                ["192.168.200.2", "192.168.202.2"], ["192.168.200.3", "192.168.201.2", "192.168.201.3"],
                ["192.168.200.4", "192.168.201.4"],
            ])
        #expect(environment.machines["vm-host"]?.nics[1].mac?.description == "54:52:c0:a8:ca:02")
        let storage = try #require(environment.networks["storage"])
        #expect(
            storage.mapping.mapValues(\.lastOctet) == [
                "vm-client-eth1": 4, "vm-client-storage": 4, "vm-client-storage-0": 4, "vm-storage-eth1": 2, "vm-storage-eth2": 3,
                "vm-storage-storage": 2, "vm-storage-storage-0": 2, "vm-storage-storage-1": 3,
            ])
        #expect(storage.dnsForward?.description == "192.168.200.1")
        let management = try #require(environment.networks["management"])
        #expect(management.dnsRecords["www.google.com"] == "127.0.0.1")
        #expect(management.dnsRecords["vm-host-failover"] == "192.168.202.2")
        #expect(management.dnsRecords["vm-host"] == "192.168.200.2")
        #expect(management.dnsDomainName == "lago.local")
        #expect(environment.machines["vm-host"]?.address?.description == "192.168.200.2")
    }

    @Test func withoutAFlagTheAlphabeticallyFirstNetIsManagement() throws {
        let environment = try resolve("{domains: {a: {nics: [{net: n1}]}}, nets: {n2: , n1: {dns_domain_name: x.y}}}")
        #expect(environment.networks.values.map(\.management) == [false, true])
        #expect(environment.networks["n1"]?.dnsDomainName == "x.y")
    }

    @Test func managementFaults() {
        let stray = errors(
            """
            domains: {a: {nics: [{net: m}]}}
            nets:
              m: {management: true}
              x: {dns_domain_name: a.b}
              y: {main_dns: true}
              z: {management: false, dns_domain_name: a.b}
            """)
        #expect(stray.count == 2)
        #expect(stray[0].hasPrefix("f:4:24: nets.x.dns_domain_name: networks: x,y, misconfigured"))
        let count = errors(
            """
            domains:
              none: {nics: [{net: n}]}
              two: {nics: [{net: m}, {net: m}]}
            nets: {m: {management: true}, n: }
            """)
        #expect(count.count == 2)
        #expect(count[0].contains("f:2:10: domains.none.nics: VM none has no management network, please connect it to one"))
        #expect(count[1].contains("VM two has more than one management network: m, m"))
        let none = errors("{domains: {a: {nics: [{net: n, ip: 0.0.0.9}]}}}")
        #expect(none.count == 1 && none[0].contains("no networks configured"))
    }

    @Test func subnetsInUseAreSkippedAndRefused() throws {
        let occupancy = HostOccupancy(
            leases: [200: "/w/default/uuid"],
            uses: [
                HostOccupancy.Use(subnet("192.168.201.128", 25), by: "the route of eth0"),
                HostOccupancy.Use(subnet("0.0.0.0", 0), by: "the default route"),
                HostOccupancy.Use(subnet("192.168.204.0", 22), by: "the libvirt network default"),
            ])
        let environment = try resolve(
            "{domains: {a: {nics: [{net: n}]}}, nets: {n: , o: , p: {gw: 192.168.202.9}, q: , b: {type: bridge}}}".replacing(
                "{net: n}", with: "{net: b}"),
            occupancy)
        #expect(
            environment.networks.values.map { $0.gateway?.description } == [
                "192.168.203.1", "192.168.208.1", "192.168.202.9", "192.168.209.1", nil,
            ])
        let refused = errors(
            "{domains: {a: {nics: [{net: n}]}}, nets: {n: {gw: 192.168.200.1}, o: {gw: 192.168.201.1}, p: {gw: 192.168.203.1}, q: {gw: 192.168.203.2}}}",
            occupancy)
        #expect(refused.count == 3)
        #expect(refused[0].contains("nets.n.gw: subnet 192.168.200.0/24 cannot be used: it is already taken by /w/default/uuid"))
        #expect(refused[1].contains("it overlaps 192.168.201.128/25, the route of eth0"))
        #expect(refused[2].contains("nets.q.gw: subnet 192.168.203.0/24 is that of net p too"))
    }

    @Test func gatewaysThatCannotBe() {
        for (gateway, kind, part) in [
            ("127.0.0.1", "nat", "is not valid"), ("10.10.10.0", "nat", "last octet is 0"), ("256.1.1.1", "nat", "no IPv4 address"),
            ("0.0.0.-1", "nat", "no IPv4 address"), ("10.10.10.1", "nat", "is not valid"), ("8.8.8.1", "isolated", "is not private"),
            ("192.168.210.255", "nat", "last octet is 255"),
        ] {
            let found = errors("{domains: {a: {nics: [{net: n}]}}, nets: {n: {type: \(kind), gw: \(gateway)}}}")
            #expect(found.count == 1 && found[0].contains(part), "\(gateway): \(found)")
        }
    }

    @Test func fiftySixNetsAreAllThereAre() throws {
        func text(_ count: Int) -> String {
            "{domains: {a: {nics: [{net: n0}]}}, nets: {\((0..<count).map { "n\($0): {management: \($0 == 0)}" }.joined(separator: ", "))}}"
        }
        #expect(try resolve(text(56)).networks.count == 56)
        let found = errors(text(58))
        #expect(found.count == 1 && found[0].contains("nets.n56: the store of subnets is full"))
    }

    @Test func onLeasedSubnetsOnlyTheLastOctetCounts() throws {
        let environment = try resolve(
            """
            domains:
              a: {nics: [{net: n}]}
              b: {nics: [{net: n, ip: 999.999.999.150}]}
              c: {nics: [{net: n, ip: "192,168.200.3"}]}
              d: {nics: [{net: n, ip: 10.0.0.2}]}
              e: {nics: [{net: n}]}
            nets: {n: {gw: 192.168.210.4}}
            """)
        #expect(environment.machines.values.map { $0.address?.description } == ["5", "150", "3", "2", "6"].map { "192.168.210.\($0)" })
    }

    @Test func anAddressThatIsNoneIsWarnedAbout() throws {
        let spec = try InitFile.parse("{domains: {a: {nics: [{net: n, ip: '192,168.200.3'}]}}, nets: {n: }}", file: "f").spec
        let warnings = try Topology.resolve(spec, id: id, occupancy: HostOccupancy()).warnings
        #expect(
            warnings.map(\.description) == [
                "f:1:36: warning: domains.a.nics[0].ip: 192,168.200.3 is read as 192.168.200.3: on a leased subnet only the last octet counts"
            ])
    }

    /// One run tells what is wrong with the form and, as far as it can be known, with the addresses.
    @Test func aDraftWithErrorsIsStillResolvedAsFarAsItGoes() {
        let draft = InitFile.draft(
            "domains:\n  a: {memory: x, nics: [{net: n}]}\n  b: {nics: []}\n  c: {nics: [{net: n, ip: 0.0.0.1}]}\nnets: {n: }", file: "f")
        #expect(draft.errors.count == 1 && draft.isRead)
        let error = #expect(throws: InvalidInput.self) { try Topology.resolve(draft.spec, id: id, occupancy: HostOccupancy()) }
        #expect(error?.diagnostics.map(\.path.description) == ["domains.b.nics", "domains.c.nics[0].ip"])
        #expect(!InitFile.draft("domains: [", file: "f").isRead && !InitFile.draft("vms: {}", file: "f").isRead)
    }

    private func drafted(_ text: String) -> [String] {
        let draft = InitFile.draft(text, file: "f")
        return (draft.errors + Topology.findings(draft.spec, beside: draft.errors, occupancy: HostOccupancy())).inFileOrder()
            .map { "\($0.path)" }
    }

    /// What only follows from an error that was told is not told; what does not, is.
    @Test(arguments: [
        // The net that is not there may have been the management net.
        ("domains: {a: {nics: [{net: x}]}}\nnets: {n: }", ["domains.a.nics[0].net"]),
        ("domains: {a: {nics: 3}}\nnets: {n: }", ["domains.a.nics"]),
        ("domains: {a: {based-on: b}}\nnets: {n: }", ["domains.a.based-on"]),
        ("domains: {a: {nics: [{net: o}]}}\nnets: {n: {management: 'yes'}, o: }", ["nets.n.management"]),
        // A gateway that cannot be read leaves the subnet open, not the form of addresses.
        (
            "domains:\n  a: {nics: [{net: n, ip: 10.1.2.9}]}\n  b: {nics: [{net: n, ip: 10.1.3.9}]}\n  c: {nics: [{net: n, ip: 10.1.2.9}]}\n"
                + "  d: {nics: [{net: n, ip: 10.1.2.300}]}\nnets: {n: {gw: 10.1.2}}",
            ["domains.c.nics[0].ip", "domains.d.nics[0].ip", "nets.n.gw"]
        ),
        ("domains: {a: {nics: [{net: n}]}}\nnets: {n: {type: isolatd, gw: 10.1.2.1}}", ["nets.n.type"]),
        ("domains: {a: {nics: [{net: n}]}, a: {nics: [{net: n}]}}\nnets: {n: }", ["domains.a"]),
        ("domains: {a: {nics: [{net: n}]}}\nnets: {n: }\nnets: {o: }", ["nets"]),
        ("domain: {a: {nics: [{net: n, ip: 0.0.0.1}]}}\nnets: {n: }", ["domain", "domains.a.nics[0].ip"]),
        ("domains: {a: {nics: [{net: n, ip: 0.0.0.1}]}}", ["nets", "domains.a.nics[0].ip"]),
        // Two flagged nets are two, whatever the third is.
        (
            "domains: {a: {nics: [{net: n}, {net: o}, {net: x}]}}\nnets: {n: {management: true}, o: {management: true}}",
            ["domains.a.nics", "domains.a.nics[2].net"]
        ),
    ])
    func errorsBringNoFalseOnesAlong(_ text: String, _ paths: [String]) { #expect(drafted(text) == paths) }

    @Test func addressesOfAnotherSubnetThanTheNetGetsAreWarnedAboutOncePerNet() throws {
        func warned(_ text: String) throws -> [String] {
            try Topology.resolve(try InitFile.parse(text, file: "f").spec, id: id, occupancy: HostOccupancy()).warnings.map(\.description)
        }
        let nics = "domains: {a: {nics: [{net: n, ip: 192.168.210.9}]}, b: {nics: [{net: n, ip: 192.168.210.10}]}}\n"
        #expect(
            try warned(nics + "nets: {n: }") == [
                "f:1:35: warning: domains.a.nics[0].ip: 192.168.210.9 becomes 192.168.200.9: net n has no `gw`, so it gets a free subnet, now "
                    + "192.168.200.0/24, and only the last octet of its addresses counts. For addresses as written: `gw: 192.168.210.1`"
            ])
        #expect(try warned(nics + "nets: {n: {gw: 192.168.211.1}}").isEmpty)
        #expect(try warned("domains: {a: {nics: [{net: n, ip: 0.0.0.9}]}, b: {nics: [{net: n, ip: 192.168.200.10}]}}\nnets: {n: }").isEmpty)
    }

    @Test func foreignSubnetsTakeTheirOwnAddresses() throws {
        let net = "nets: {m: {management: true}, n: {type: isolated, gw: 10.1.2.1}}"
        let environment = try resolve("{domains: {a: {nics: [{net: m}, {net: n, ip: 10.1.2.9}, {net: n, ip: 0.0.0.7}, {net: n}]}}, \(net)}")
        #expect(environment.machines["a"]?.nics.map { $0.address?.description } == ["192.168.200.2", "10.1.2.9", "10.1.2.7", "10.1.2.2"])
        let found = errors("{domains: {a: {nics: [{net: m}, {net: n, ip: 10.1.3.9}]}}, \(net)}")
        #expect(found.count == 1 && found[0].contains("domains.a.nics[1].ip: the address 10.1.3.9 is outside the subnet 10.1.2.0/24"))
    }

    @Test func addressesThatCannotBeAreToldTogether() {
        let found = errors(
            """
            domains:
              a: {nics: [{net: n, ip: 192.168.200.9}]}
              b: {nics: [{net: n, ip: 0.0.0.9}]}
              c: {nics: [{net: n, ip: 192.168.200.1}]}
              d: {nics: [{net: n, ip: 192.168.200.255}]}
              e: {nics: [{net: n, ip: here}]}
              f: {nics: [{net: n}, {net: b, ip: 10.0.0.1}]}
              g: {nics: [{net: g, ip: 0.0.0.4}]}
            nets: {n: {management: true}, b: {type: bridge}, g: {management: true, gw: 192.168.220.4}}
            """)
        #expect(found.count == 6, "\(found)")
        #expect(found[0] == "f:3:27: domains.b.nics[0].ip: 192.168.200.9 is given twice: domains.a.nics[0].ip (line 2) has it too")
        #expect(found[1].contains("f:4:27: domains.c.nics[0].ip: the last octet of 192.168.200.1 is out of range; allowed: 2 to 254"))
        #expect(found[4].contains("bridge net b"))
        #expect(found[5].contains("192.168.220.4 is the gateway of net g"))
    }

    @Test func aBridgeHasNoAddresses() throws {
        let environment = try resolve("{domains: {a: {nics: [{net: b}]}}, nets: {b: {type: bridge}}}")
        #expect(
            ValueJSON.render(Topology.document(environment), indent: 0, sorted: true)
                == #"{"domains": {"a": {"mgmt_net": "b", "nics": [{"net": "b"}]}}, "nets": {"b": {"dns_domain_name": "lago.local", "dns_records": {}, "management": true, "mapping": {}, "type": "bridge"}}}"#
        )
    }

    @Test func anUnusualMTUReachesTheNICs() throws {
        let environment = try resolve(
            "{domains: {a: {nics: [{net: n}, {net: o}]}}, nets: {n: {mtu: 1500, management: true}, o: {mtu: '9000'}}}")
        #expect(environment.machines["a"]?.nics.map(\.mtu) == [nil, 9000])
    }

    @Test func aFullNetSaysSo() {
        func text(_ count: Int) -> String {
            "{domains: {\((0..<count).map { "v\($0): {nics: [{net: n}]}" }.joined(separator: ", "))}, nets: {n: }}"
        }
        #expect(errors(text(253)).isEmpty)
        let found = errors(text(300))
        #expect(found.count == 1 && found[0].contains("domains.v253.nics[0]: net n has no free address left"))
    }

    /// Random specs: no address twice, none outside its subnet, never the gateway, written octets kept, and the same every time.
    @Test func addressesHoldTheirProperties() throws {
        var random = SeededGenerator(seed: .random(in: 0 ... .max))
        for _ in 0..<60 {
            var spec = EnvironmentSpec(domains: [:], nets: [:], sources: SourceMap(file: "random"))
            let netCount = Int.random(in: 1...6, using: &random)
            for index in 0..<netCount {
                var net = NetSpec(name: "n\(index)")
                net.management = index == 0
                if Bool.random(using: &random) { net.gateway = "192.168.\(210 + index).\(Int.random(in: 1...254, using: &random))" }
                spec.nets[net.name] = net
            }
            var written: Set<String> = []
            for index in 0..<Int.random(in: 1...40, using: &random) {
                var domain = DomainSpec(name: "v\(index)")
                domain.nics = [NICSpec(net: "n0")]
                for _ in 0..<Int.random(in: 0...4, using: &random) where netCount > 1 {
                    domain.nics.append(NICSpec(net: "n\(Int.random(in: 1..<netCount, using: &random))"))
                }
                for nic in domain.nics.indices where Int.random(in: 0..<4, using: &random) == 0 {
                    let net = domain.nics[nic].net
                    let octet = Int.random(in: 2...254, using: &random)
                    guard spec.nets[net]?.gateway?.hasSuffix(".\(octet)") != true, written.insert("\(net) \(octet)").inserted else {
                        continue
                    }
                    domain.nics[nic].ip = "1.2.3.\(octet)"
                }
                spec.domains[domain.name] = domain
            }
            let environment = try Topology.resolve(spec, id: id, occupancy: HostOccupancy()).environment
            var seen: Set<IPv4Address> = []
            for machine in environment.machines.values {
                for (nic, wish) in zip(machine.nics, machine.spec.nics) {
                    let network = try #require(environment.networks[nic.net])
                    let address = try #require(nic.address, "seed \(random.seed)")
                    #expect(seen.insert(address).inserted, "seed \(random.seed)")
                    #expect(network.subnet?.contains(address) == true && address != network.gateway, "seed \(random.seed)")
                    #expect((2...254).contains(address.lastOctet), "seed \(random.seed)")
                    if let ip = wish.ip { #expect(ip.hasSuffix(".\(address.lastOctet)"), "seed \(random.seed)") }
                }
            }
            #expect(try Topology.resolve(spec, id: id, occupancy: HostOccupancy()).environment == environment)
        }
    }

    @Test func fiveHundredMachinesAreQuick() throws {
        var text = "domains:\n"
        for index in 0..<500 {
            text += "  vm\(index):\n    memory: 256\n    nics:\n      - net: m\(index / 200)\n      - net: s\(index / 200)\n    disks:\n"
            text += "      - {template_name: tiny, type: template, name: root, dev: vda, format: qcow2}\n"
        }
        text += "nets:\n" + (0..<3).map { "  m\($0): {management: true}\n  s\($0): {management: false}\n" }.joined()
        let clock = ContinuousClock()
        let start = clock.now
        let spec = try InitFile.parse(text, file: "f").spec
        let parsed = clock.now
        let environment = try Topology.resolve(spec, id: id, occupancy: HostOccupancy()).environment
        print("500 VMs: read in \(parsed - start), resolved in \(clock.now - parsed) (debug build)")
        #expect(environment.networks["m0"]?.dnsRecords.count == 500 * 7)
        #expect(clock.now - start < .seconds(5))
    }
}
