import AtollModel
import AtollVirtXML
import OrderedCollections

let prefix = PrefixID("fe689d3c39d011e5b22b54ee755a00ca")!
let images = "/var/lib/atoll/images/\(prefix)"

/// Two VMs on a management net and a second one, as an init file would resolve.
func sampleEnvironment() -> Environment {
    var lan = NetSpec(name: "lan")
    lan.dhcp = .init(start: 100, end: 254)
    lan.mtu = 9000
    var back = NetSpec(name: "storage-backend")
    back.kind = .isolated
    back.dhcp = .init(start: 100, end: 120)
    var outside = NetSpec(name: "outside")
    outside.kind = .bridge
    var first = DomainSpec(name: "vm-host")
    first.memory = 2047
    first.vcpu = 2
    var second = DomainSpec(name: "vm-storage")
    second.memory = 1024
    second.vcpu = 1

    let a = IPv4Address(192, 168, 200, 2)
    let b = IPv4Address(192, 168, 200, 3)
    let c = IPv4Address(192, 168, 201, 2)
    var host = Machine(spec: first, nics: [NIC(net: "lan", address: a, mtu: 9000)], managementNet: "lan")
    host.disks = [
        Disk(
            name: "root", device: "vda", format: .qcow2, path: "$LAGO_PREFIX_PATH/images/vm-host_root.qcow2",
            backing: [.init(path: "/var/lib/atoll/store/local:debian-12:v1", format: .raw)])
    ]
    let storage = Machine(
        spec: second,
        nics: [NIC(net: "lan", address: b, mtu: 9000), NIC(net: "storage-backend", address: c), NIC(net: "outside", address: nil)],
        managementNet: "lan")
    var management = Network(spec: lan, gateway: IPv4Address(192, 168, 200, 1), management: true)
    management.dnsDomainName = "lago.local"
    management.mapping = ["vm-host-eth0": a, "vm-host-lan": a, "vm-host-lan-0": a, "vm-host": a, "vm-storage-eth0": b, "vm-storage": b]
    management.dnsRecords = [
        "www.google.com": "127.0.0.1", "vm-storage-eth1": "192.168.201.2", "vm-storage": "192.168.200.3",
        "vm-storage-eth0": "192.168.200.3",
        "vm-host": "192.168.200.2", "vm-host-eth0": "192.168.200.2", "six.example": "2001:db8::1",
    ]
    var backend = Network(spec: back, gateway: IPv4Address(192, 168, 201, 1), management: false)
    backend.mapping = ["vm-storage-eth1": c, "vm-storage-storage-backend": c]
    let bridged = Network(spec: outside, gateway: nil, management: false)
    return Environment(
        id: prefix, machines: ["vm-host": host, "vm-storage": storage],
        networks: ["lan": management, "storage-backend": backend, "outside": bridged])
}

func sampleDomain(_ change: (inout DomainDefinition) -> Void = { _ in }) -> DomainDefinition {
    var domain = DomainDefinition(
        name: "fe689d3c-vm-a", memoryMiB: 512, vcpus: 1, type: .qemu,
        disks: [
            .init(
                index: 1, image: .init(path: "\(images)/vm-a_root.qcow2", format: "qcow2"), target: "vda",
                backing: [.init(path: "/var/lib/atoll/store/local:tiny:v1", format: "raw")])
        ],
        nics: [.init(network: "fe68-lan", mac: MACAddress(derivedFrom: IPv4Address(192, 168, 200, 2)))],
        consoleLogPath: "\(images)/vm-a.console", ownerTag: OwnerTag(prefix: prefix, role: .vm, name: "vm-a"), hasVhostNet: false)
    change(&domain)
    return domain
}
