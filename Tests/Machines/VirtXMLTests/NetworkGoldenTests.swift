import AtollModel
import AtollVirtXML
import AtollXML
import OrderedCollections
import Testing

@Suite struct NetworkGoldenTests {
    @Test(arguments: ["lan", "storage-backend", "outside"]) func aNetworkOfAnEnvironment(_ name: String) throws {
        let environment = sampleEnvironment()
        let network = try #require(environment.networks[name])
        try expectGolden(try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true)), "network-\(name)")
    }

    @Test func withoutIPv6NothingOfItRemains() throws {
        let environment = sampleEnvironment()
        let network = try #require(environment.networks["lan"])
        let text = try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: false))
        #expect(!text.contains("fd8f:") && !text.contains("ipv6"))
        // A record that the user wrote as IPv6 is the user's affair.
        #expect(text.contains("2001:db8::1"))
    }

    @Test func aNetThatWantsNoIPv6HasNoneAndItsNeighboursKeepTheirs() throws {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.spec.ipv6 = false
        let root = try XML.read(
            try VirtXML.text(try NetworkDefinition(try #require(environment.networks["lan"]), of: environment, hasIPv6: true)))
        #expect(root.all("ip").map { $0["family"] } == [nil])
        let addresses = try #require(root.first("dns")).all("host").compactMap { $0["ip"] }.filter { $0.hasPrefix("fd8f:") }
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.hasPrefix("fd8f:1391:3a82:201:") })
    }

    @Test func aTwinIsInThePrefixOfItsOwnNetAndForeignAddressesHaveNone() throws {
        let environment = sampleEnvironment()
        let network = try #require(environment.networks["lan"])
        let root = try XML.read(try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true)))
        let hosts = try #require(root.first("dns")).all("host")
        let names = Dictionary(uniqueKeysWithValues: hosts.map { ($0["ip"] ?? "", $0.all("hostname").map(\.text)) })
        #expect(names["192.168.200.2"] == ["vm-host", "vm-host-eth0"])
        #expect(names["fd8f:1391:3a82:200::192.168.200.2"] == ["vm-host", "vm-host-eth0"])
        #expect(names["fd8f:1391:3a82:201::192.168.201.2"] == ["vm-storage-eth1"])
        #expect(names["127.0.0.1"] == ["www.google.com"])
        #expect(!names.keys.contains { $0.hasSuffix("127.0.0.1") && $0.contains(":") })
        #expect(names.count == 8)
    }

    @Test func eachAddressHasOneDHCPHostUnderItsFirstName() throws {
        let environment = sampleEnvironment()
        let network = try #require(environment.networks["lan"])
        let root = try XML.read(try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true)))
        let servers = root.all("ip").compactMap { $0.first("dhcp") }
        #expect(servers.map { $0.all("host").map { $0["name"] } } == [["vm-host", "vm-storage"], ["vm-host", "vm-storage"]])
        #expect(servers[0].all("host")[0]["mac"] == "54:52:c0:a8:c8:02")
        #expect(servers[1].all("host")[0]["id"] == "0:3:0:1:54:52:c0:a8:c8:02")
        #expect(servers[1].first("range")?["start"] == "fd8f:1391:3a82:200::192.168.200.100")
    }

    @Test func withoutDHCPThereIsNoServerAtAll() throws {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.dhcp = nil
        let network = try #require(environment.networks["lan"])
        #expect(!(try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true)).contains("dhcp")))
    }

    @Test func aRecordThatIsNoAddressIsNamed() throws {
        var environment = sampleEnvironment()
        environment.networks["lan"]?.dnsRecords["web"] = "not-an-address"
        let network = try #require(environment.networks["lan"])
        let error = #expect(throws: VirtXMLError.self) {
            try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true))
        }
        #expect(error?.code == .address)
        #expect(error?.message.contains("web") == true)
    }

    @Test func whatWasWrittenIsReadBack() throws {
        let environment = sampleEnvironment()
        let network = try #require(environment.networks["storage-backend"])
        let description = try NetworkDescription(xml: try VirtXML.text(try NetworkDefinition(network, of: environment, hasIPv6: true)))
        #expect(description.ownerTag == OwnerTag(prefix: prefix, role: .network, name: "storage-backend"))
        #expect(description.subnets == [IPv4Subnet(leasedThirdOctet: 201)])
        #expect(description.bridge == HostNames.bridge(prefix, "storage-backend"))
    }

    @Test func theSubnetsOfForeignNetworksAreSeenInEitherNotation() throws {
        let description = try NetworkDescription(
            xml: """
                <network><name>default</name><uuid>x</uuid><bridge name='virbr0'/><ip address='192.168.122.1' netmask='255.255.255.0'/>
                <ip address='10.1.2.3' prefix='8'/><ip family='ipv6' address='2001:db8::1' prefix='64'/></network>
                """)
        #expect(description.ownerTag == nil)
        #expect(description.subnets.map(\.description) == ["192.168.122.0/24", "10.0.0.0/8"])
    }
}
