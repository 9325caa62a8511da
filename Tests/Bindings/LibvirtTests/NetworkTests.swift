import AtollLibvirt
import Testing

@Suite struct NetworkTests {
    @Test func theDefaultNetworkIsListed() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let networks = try connection.listNetworks()
        #expect(networks.map(\.name) == ["n0"])
        #expect(try networks[0].isActive())
        #expect(try networks[0].bridgeName() == "virbr7")
        // The test driver has no DHCP server; the failure is typed all the same.
        #expect(throws: LibvirtError.self) { try networks[0].dhcpLeases() }
    }

    @Test func aTransientNetworkIsGoneAfterDestroy() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let network = try connection.createNetwork(
            xml: "<network><name>n1</name><uuid>fe689d3c-39d0-11e5-b22b-54ee755a00ca</uuid><bridge name='virbr8'/></network>")
        #expect(try network.uuid() == "fe689d3c-39d0-11e5-b22b-54ee755a00ca")
        #expect(try connection.lookupNetwork(uuid: network.uuid()).name == "n1")
        #expect(try network.xml().contains("virbr8"))
        try network.destroy()
        let error = #expect(throws: LibvirtError.self) { try connection.lookupNetwork(name: "n1") }
        #expect(error?.isNotFound == true)
    }

    @Test func aDefinedNetworkIsInactiveUntilStarted() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let network = try connection.defineNetwork(xml: "<network><name>n1</name><bridge name='virbr8'/></network>")
        #expect(try !network.isActive())
        #expect(try connection.listNetworks(all: false).map(\.name) == ["n0"])
        try network.create()
        #expect(try network.isActive())
        try network.destroy()
        try network.undefine()
        #expect(try connection.listNetworks().map(\.name) == ["n0"])
    }
}
