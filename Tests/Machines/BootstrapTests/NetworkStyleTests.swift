import AtollModel
import OrderedCollections
import Testing

@testable import AtollBootstrap

@Suite struct NetworkStyleTests {
    private func text(_ style: NetworkStyle, _ path: String, nics: [NICPlan] = Samples.nics) throws -> String {
        try #require(style.files(for: nics).first { $0.path == path }?.text)
    }

    @Test func networkdMatchesByHardwareAddress() throws {
        #expect(
            try text(.networkd, "/etc/systemd/network/10-atoll-eth0.network") == """
                [Match]
                MACAddress=54:52:c0:a8:c8:02

                [Network]
                DHCP=no
                Address=192.168.200.2/24
                Gateway=192.168.200.1
                DNS=192.168.200.1
                Domains=lago.local

                """)
        #expect(
            try text(.networkd, "/etc/systemd/network/10-atoll-eth2.network")
                == "[Match]\nName=eth2\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nDHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac\n")
    }

    @Test func ifupdownIsStaticWhereTheAddressIsKnown() throws {
        #expect(
            try text(.ifupdown, "/etc/network/interfaces") == """
                auto lo
                iface lo inet loopback

                auto eth0
                iface eth0 inet static
                    address 192.168.200.2
                    netmask 255.255.255.0
                    gateway 192.168.200.1
                    dns-nameservers 192.168.200.1
                    dns-search lago.local

                auto eth1
                iface eth1 inet static
                    address 192.168.201.2
                    netmask 255.255.255.0
                    mtu 9000

                auto eth2
                iface eth2 inet dhcp

                """)
    }

    @Test func netplanAndCloudInitSayOneThingInTheirOwnWays() throws {
        let netplan = try YAMLText.parse(try text(.netplan, "/etc/netplan/10-atoll.yaml"))?["network"]
        #expect(netplan?["ethernets"]?["eth0"]?["routes"] == [["to": "0.0.0.0/0", "via": "192.168.200.1"]])
        let cloud = NetworkConfig.version2(Samples.nics, form: .cloudInit)
        #expect(cloud["version"] == 2)
        #expect(
            cloud["ethernets"]?["eth0"] == [
                "match": ["macaddress": "54:52:c0:a8:c8:02"], "set-name": "eth0", "dhcp4": false, "addresses": ["192.168.200.2/24"],
                "gateway4": "192.168.200.1", "nameservers": ["addresses": ["192.168.200.1"], "search": ["lago.local"]],
            ])
        #expect(cloud["ethernets"]?["eth1"]?["mtu"] == 9000)
        #expect(cloud["ethernets"]?["eth2"] == ["dhcp4": true])
        #expect(NetworkStyle.netplan.files(for: Samples.nics).first?.mode == 0o600)
    }

    @Test func redHatStyles() throws {
        #expect(
            try text(.ifcfg, "/etc/sysconfig/network-scripts/ifcfg-eth0") == """
                DEVICE=eth0
                NAME=eth0
                TYPE=Ethernet
                ONBOOT=yes
                HWADDR=54:52:c0:a8:c8:02
                BOOTPROTO=none
                IPADDR=192.168.200.2
                PREFIX=24
                DEFROUTE=yes
                GATEWAY=192.168.200.1
                DNS1=192.168.200.1
                DOMAIN="lago.local"

                """)
        let key = try text(.networkmanager, "/etc/NetworkManager/system-connections/atoll-eth1.nmconnection")
        #expect(key.contains("[ethernet]\nmac-address=54:52:c0:a8:c9:02\nmtu=9000\n"))
        #expect(key.contains("[ipv4]\nmethod=manual\naddress1=192.168.201.2/24\nnever-default=true\n"))
    }

    @Test func whereThereIsNoIPv6NobodyWaitsForARouter() throws {
        var nic = Samples.nics[0]
        nic.hasIPv6 = false
        let words: [NetworkStyle: String] = [
            .networkd: "DHCP=no\nIPv6AcceptRA=no\n", .netplan: "accept-ra: false", .ifcfg: "IPV6INIT=no\n",
            .networkmanager: "[ipv6]\nmethod=link-local\n",
        ]
        for (style, word) in words {
            #expect(style.files(for: [nic]).first?.text?.contains(word) == true, "\(style)")
            #expect(style.files(for: [Samples.nics[0]]).first?.text?.contains(word) == false, "\(style)")
        }
    }

    @Test(arguments: NetworkStyle.allCases) func writesIPv6WhereGiven(_ style: NetworkStyle) {
        var nic = Samples.nics[0]
        #expect(!style.files(for: [nic]).contains { $0.text?.contains("fd8f") == true })
        nic.ipv6Address = "fd8f:1391:3a82:200::192.168.200.2/64"
        #expect(style.files(for: [nic]).contains { $0.text?.contains("fd8f:1391:3a82:200::192.168.200.2") == true })
    }

    @Test func onlyTheManagementNICHasARouteAndNames() {
        var spec = DomainSpec(name: "vm-a")
        spec.nics = [NICSpec(net: "storage"), NICSpec(net: "lago"), NICSpec(net: "outside")]
        var lago = Network(spec: NetSpec(name: "lago"), gateway: Samples.gateway, management: true)
        lago.dnsDomainName = "lago.local"
        let storage = Network(spec: NetSpec(name: "storage"), gateway: IPv4Address(192, 168, 201, 1), management: false)
        var bridge = NetSpec(name: "outside")
        bridge.kind = .bridge
        let machine = Machine(
            spec: spec,
            nics: [
                NIC(net: "storage", address: Samples.storage, mtu: 9000), NIC(net: "lago", address: Samples.management),
                NIC(net: "outside", address: nil),
            ],
            managementNet: "lago")
        var seed = SystemRandomNumberGenerator()
        var environment = Environment(
            id: PrefixID(using: &seed), machines: ["vm-a": machine],
            networks: ["lago": lago, "storage": storage, "outside": Network(spec: bridge, gateway: nil, management: false)])
        let plans = NICPlan.plans(for: machine, in: environment)
        #expect(plans.map(\.gateway) == [nil, Samples.gateway, nil])
        #expect(plans.map(\.nameservers) == [[], [Samples.gateway], []])
        #expect(plans.map(\.searchDomains) == [[], ["lago.local"], []])
        #expect(plans.map(\.dhcp) == [false, false, true])
        #expect(plans[0].mtu == 9000)
        #expect(plans.map { $0.ipv6Address == nil } == [false, false, true])
        environment.networks["storage"]?.spec.ipv6 = false
        #expect(NICPlan.plans(for: machine, in: environment).map { $0.ipv6Address == nil } == [true, false, true])
        #expect(NICPlan.plans(for: machine, in: environment).map(\.hasIPv6) == [false, true, true])

        var isolated = environment
        isolated.networks["lago"]?.kind = .isolated
        #expect(NICPlan.plans(for: machine, in: isolated)[1].gateway == nil)
        #expect(NICPlan.plans(for: machine, in: isolated)[1].nameservers == [Samples.gateway])
    }
}
