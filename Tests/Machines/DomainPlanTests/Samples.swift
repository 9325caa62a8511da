import AtollDomainPlan
import AtollModel
import AtollVirtXML
import OrderedCollections

let prefix = PrefixID("fe689d3c39d011e5b22b54ee755a00ca")!
let images = "/var/lib/atoll/images/\(prefix)"

/// Network `lan` with VM `vm-host` and network `outside` of type bridge; `change` edits the VM's keys.
func sampleEnvironment(_ change: (inout DomainSpec) -> Void = { _ in }) -> Environment {
    var lan = NetSpec(name: "lan")
    lan.mtu = 9000
    var outside = NetSpec(name: "outside")
    outside.kind = .bridge
    var spec = DomainSpec(name: "vm-host")
    spec.memory = 2047
    spec.vcpu = 2
    change(&spec)
    var machine = Machine(spec: spec, nics: [NIC(net: "lan", address: IPv4Address(192, 168, 200, 2), mtu: 9000)], managementNet: "lan")
    machine.disks = [
        Disk(
            name: "root", device: "vda", format: .qcow2, path: "$LAGO_PREFIX_PATH/images/vm-host_root.qcow2",
            backing: [.init(path: "/var/lib/atoll/store/local:debian-12:v1", format: .raw)])
    ]
    return Environment(
        id: prefix, machines: ["vm-host": machine],
        networks: [
            "lan": Network(spec: lan, gateway: IPv4Address(192, 168, 200, 1), management: true),
            "outside": Network(spec: outside, gateway: nil, management: false),
        ])
}

let files = DomainPlanner.Files(
    consoleLog: "\(images)/vm-host.console", nvram: "\(images)/vm-host.nvram", seed: "\(images)/vm-host_seed.iso",
    resolve: { $0.hasPrefix("$") ? "\(images)/" + ($0.split(separator: "/").last ?? "") : $0 })

/// An x86_64 host with KVM and, under emulation, aarch64.
func sampleHost(cpu: HostCapabilities.CPU = .init(model: nil, vendor: nil, features: []), hasVhostNet: Bool = true) -> HostCapabilities {
    HostCapabilities(
        arch: "x86_64", cpu: cpu,
        guests: [
            .init(arch: "x86_64", emulators: ["qemu": "/q-x86", "kvm": "/k-x86"], machines: ["q35", "pc"]),
            .init(arch: "aarch64", emulators: ["qemu": "/q-arm"], machines: ["virt"]),
        ], hasVhostNet: hasVhostNet)
}

/// The definition of `vm-host`, whose VM and environment `change` edits.
func definition(
    host: HostCapabilities = sampleHost(), accelerator: Accelerator = .tcg, details: DomainPlanner.Details = .init(),
    spec: (inout DomainSpec) -> Void = { _ in }, machine change: (inout Machine) -> Void = { _ in },
    environment edit: (inout Environment) -> Void = { _ in }
) throws -> DomainDefinition {
    var environment = sampleEnvironment(spec)
    edit(&environment)
    guard var machine = environment.machines["vm-host"] else { throw DomainPlanError(.cpu, "no machine", hint: "") }
    change(&machine)
    return try DomainPlanner(host: host, accelerator: accelerator).definition(
        of: machine, in: environment, files: files, details: details)
}
