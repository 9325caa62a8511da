package import AtollHostPorts
import AtollDocuments
import AtollInitFile
package import AtollModel
import AtollPlatform
import Glibc
import OrderedCollections

/// The resolved environment on disk: `virt/env`, `virt/net-NAME`, `virt/vm-NAME`, in Lago's shapes with our additions under `atoll`.
package enum SavedEnvironment {
    /// Reads it back.
    /// - Throws: `.notFound` when its init never finished; `.malformed` when a file cannot be read as what it should be.
    package static func load(_ files: PrefixFiles) throws -> Environment {
        try PrefixAccess.check(files, changing: false)
        guard let text = try? AtomicFile.text(files.uuid, limit: 200), let id = PrefixID(text), SystemCall.exists(files.virtEnvironment)
        else {
            if SystemCall.exists(files.marker) {
                throw EnvironmentError(
                    .malformed,
                    "\(files.path) is damaged: its uuid or virt/env is missing or no more what it was. Put the file back, or remove the "
                        + "environment with: atoll destroy")
            }
            throw EnvironmentError(
                .notFound,
                "\(files.path) is not a complete prefix: its init did not finish. Run atoll init again, or remove it with: atoll destroy")
        }
        let index = try read(files.virtEnvironment)
        var networks: OrderedDictionary<String, Network> = [:]
        for name in names(index["nets"]) { networks[name] = try network(name, try read(files.virtNetwork(name))) }
        var machines: OrderedDictionary<String, Machine> = [:]
        for name in names(index["vms"]) { machines[name] = try machine(name, try read(files.virtMachine(name))) }
        return Environment(id: id, machines: machines, networks: networks)
    }

    /// Writes it, the index last: without the index there is no environment.
    static func save(_ environment: Environment, to files: PrefixFiles) throws {
        try Directories.make(files.virt, mode: 0o750)
        for network in environment.networks.values { try write(encode(network), to: files.virtNetwork(network.name), mode: 0o640) }
        // A machine's file may hold the root password that the init file set.
        for machine in environment.machines.values { try write(encode(machine), to: files.virtMachine(machine.name), mode: 0o600) }
        try write(
            .map([
                "nets": .list(environment.networks.keys.map(Value.string)), "vms": .list(environment.machines.keys.map(Value.string)),
            ]), to: files.virtEnvironment, mode: 0o640)
    }

    // MARK: networks

    private static func encode(_ network: Network) -> Value {
        var map = network.spec.raw
        map["name"] = .string(network.name)
        map["type"] = .string(network.kind.rawValue)
        if let gateway = network.gateway { map["gw"] = .string("\(gateway)") }
        if network.management { map["management"] = true }
        map["mapping"] = .map(network.mapping.mapValues { .string("\($0)") })
        if let name = network.dnsDomainName { map["dns_domain_name"] = .string(name) }
        if network.management { map["dns_records"] = .map(network.dnsRecords.mapValues(Value.string)) }
        if let forward = network.dnsForward { map["dns_forward"] = .string("\(forward)") }
        if let mtu = network.mtu { map["mtu"] = .int(mtu) }
        return .map(map)
    }

    private static func network(_ name: String, _ value: Value) throws -> Network {
        let spec = try SpecDecoder.net(name: name, value: value)
        var network = Network(spec: spec, gateway: spec.gateway.flatMap(IPv4Address.init), management: spec.management == true)
        network.dnsDomainName = spec.dnsDomainName
        network.dnsRecords = spec.dnsRecords
        network.dnsForward = value["dns_forward"]?.text.flatMap(IPv4Address.init)
        for (host, address) in value["mapping"]?.members ?? [:] {
            if let address = address.text.flatMap(IPv4Address.init) { network.mapping[host] = address }
        }
        return network
    }

    // MARK: machines

    private static func encode(_ machine: Machine) -> Value {
        let spec = machine.spec
        var map = spec.raw
        map["name"] = .string(machine.name)
        map["mgmt_net"] = .string(machine.managementNet)
        map["vm-type"] = .string(spec.vmType ?? "default")
        map["vm-provider"] = .string(spec.vmProvider ?? "local-libvirt")
        map["ssh-user"] = .string(spec.sshUser ?? "root")
        map["snapshots"] = map["snapshots"] ?? [:]
        map["metadata"] = map["metadata"] ?? [:]
        map["nics"] = .list(
            zip(machine.nics, spec.nics).map { nic, written in
                var entry = written.raw
                entry["net"] = .string(nic.net)
                if let address = nic.address { entry["ip"] = .string("\(address)") }
                if let mtu = nic.mtu { entry["mtu"] = .int(mtu) }
                return .map(entry)
            })
        map["disks"] = .list(
            zip(machine.disks, spec.disks).map { disk, written in
                var entry = written.raw
                entry["path"] = .string(disk.path)
                entry["metadata"] = .map(disk.metadata)
                return .map(entry)
            })
        map["atoll"] = [
            "bootstrap": .string(machine.bootstrap.rawValue),
            "backing": .list(
                machine.disks.map { disk in
                    .list(disk.backing.map { ["path": .string($0.path), "format": .string($0.format.rawValue)] })
                }),
        ]
        return .map(map)
    }

    private static func machine(_ name: String, _ value: Value) throws -> Machine {
        var bare = value.members ?? [:]
        let own = bare.removeValue(forKey: "atoll")
        let spec = try SpecDecoder.domain(name: name, value: .map(bare))
        let nics = spec.nics.map { nic in
            NIC(net: nic.net, address: nic.ip.flatMap(IPv4Address.init), mtu: nic.raw["mtu"]?.integer)
        }
        var machine = Machine(spec: spec, nics: nics, managementNet: value["mgmt_net"]?.text ?? nics.first?.net ?? "")
        machine.bootstrap = (own?["bootstrap"]?.text).flatMap(BootstrapKind.init) ?? machine.bootstrap
        for (index, disk) in spec.disks.enumerated() {
            let layers = own?["backing"]?.elements.flatMap { $0.indices.contains(index) ? $0[index].elements : nil } ?? []
            machine.disks.append(
                Disk(
                    name: disk.name, device: disk.device, format: disk.format, path: disk.raw["path"]?.text ?? "",
                    backing: layers.compactMap { layer in
                        guard let path = layer["path"]?.text, let format = (layer["format"]?.text).flatMap(DiskSpec.Format.init) else {
                            return nil
                        }
                        return Disk.Layer(path: path, format: format)
                    }, metadata: disk.metadata))
        }
        return machine
    }

    // MARK: files

    private static func names(_ value: Value?) -> [String] { (value?.elements ?? []).compactMap(\.text) }

    private static func read(_ path: String) throws -> Value {
        do {
            return try ValueJSON.parse(try AtomicFile.text(path))
        } catch let error as PlatformError where error.code == .permission {
            throw PrefixAccess.refusal(path)
        } catch {
            throw EnvironmentError(.malformed, "\(path) cannot be read: \(error). The environment can still be removed with: atoll destroy")
        }
    }

    private static func write(_ value: Value, to path: String, mode: mode_t) throws {
        try AtomicFile.write(ValueJSON.render(value, indent: 4, sorted: false) + "\n", to: path, mode: mode)
    }
}
