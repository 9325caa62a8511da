import AtollModel
import OrderedCollections

/// One VM (spec 2.2).
struct DomainDecoder {
    let field: Field
    /// Names of the nets there are; nil when nothing is known about them.
    let nets: [String]?

    func decode(name: String) -> DomainSpec {
        var domain = DomainSpec(name: name)
        guard let raw = field.members("a mapping with `nics` and `disks`") else {
            if field.isEmpty { field.refuse(allowed: "a mapping with `nics` and `disks`") }
            return domain
        }
        domain.raw = raw
        field.warnUnknownKeys(.domain)
        readMachine(into: &domain)
        readAccess(into: &domain)
        readData(into: &domain)
        readOrigin(into: &domain)
        domain.nics = nics()
        // Places of disks are told by their index, so each written one counts.
        domain.disks = field["disks"].elements("a list of disks").map { DiskDecoder(field: $0).decode() }
        checkDisks(domain)
        return domain
    }

    private func readMachine(into domain: inout DomainSpec) {
        domain.memory = field["memory"].integer(in: 1...(1 << 34), "a whole number of MiB, such as 1024")
        domain.vcpu = field["vcpu"].integer(in: 1...4096, "a whole number of CPUs, such as 2")
        let architectures = Keys.architectures
        domain.architecture = field["arch"].word(architectures.joined(separator: ", "), where: architectures.contains)
        domain.machine = field["machine"].word("a QEMU machine type, such as q35", where: Names.isPlainWord)
        domain.graphics = field["graphics"].choice(Graphics.self) ?? Graphics.none
        domain.firmware = field["firmware"].choice(Firmware.self)
        domain.hasTPM = field["tpm"].flag() ?? false
        domain.cpuModel = field["cpu_model"].word("a CPU model, such as SandyBridge", where: Names.isPlainWord)
        if field["cpu_custom"].members("a mapping, such as {'@mode': host-model}") != nil { domain.cpuCustom = field["cpu_custom"].value }
        if !field["cpu_model"].isEmpty && !field["cpu_custom"].isEmpty {
            field.findings.error(
                atKey: field.path.appending("cpu_custom"),
                "cpu_model and cpu_custom are both given; keep one: a model is a name, cpu_custom is the whole element")
        }
        for key in ["cpu", "cpus"] where !field[key].isEmpty {
            let hint = field["vcpu"].isEmpty ? "; the VM gets 2 CPUs unless `vcpu` says otherwise" : ""
            field.findings.warning(field.path.appending(key), once: ["legacy", key], "`\(key)` was never used\(hint)")
        }
    }

    private func readAccess(into domain: inout DomainSpec) {
        domain.rootPassword = field["root-password"].word("a password on one line")
        domain.sshPassword = field["ssh-password"].word("a password on one line")
        domain.sshUser = field["ssh-user"].word("a user name")
        domain.bootTime = field["boot_time_sec"].integer(in: 1...86400, "a whole number of seconds, such as 600")
        domain.serviceProvider = field["service_provider"].word("systemd, sysvinit or systemdcontainer")
        if !field["service_class"].isEmpty {
            field.findings.warning(
                field.path.appending("service_class"), once: ["legacy", "service_class"],
                "not used any more; write `service_provider: systemd`")
        }
        domain.vmType = field["vm-type"].word("the name of a VM type, such as default")
        domain.vmProvider = field["vm-provider"].choice(of: ["local-libvirt", "ssh"])
        domain.distro = field["distro"].word("a distribution, such as debian12")
    }

    private func readData(into domain: inout DomainSpec) {
        domain.groups = field["groups"].texts()
        domain.artifacts = field["artifacts"].texts()
        domain.skipExport = field["skip-export"].flag() ?? false
        let metadata = field["metadata"]
        domain.metadata = metadata.members() ?? [:]
        domain.deployScripts = metadata["deploy-scripts"].texts()
        let legacy = metadata["ovirt-scripts"]
        if !legacy.isEmpty {
            field.findings.warning(
                legacy.path, once: ["legacy", "ovirt-scripts"], "the old name of `deploy-scripts`; it is read where there are none of those"
            )
            let scripts = legacy.texts()
            if domain.deployScripts.isEmpty { domain.deployScripts = scripts }
        }
    }

    private func readOrigin(into domain: inout DomainSpec) {
        switch field["bootstrap"].value {
        case nil, .null?, .bool(true)?: break
        case .bool(false)?: domain.bootstrap = BootstrapKind.none
        case .string(let text)? where ["true", "yes"].contains(text.lowercased()): break
        case .string(let text)? where ["false", "no"].contains(text.lowercased()): domain.bootstrap = BootstrapKind.none
        default: domain.bootstrap = field["bootstrap"].choice(BootstrapKind.self)
        }
        let seed = field["cloud-init"]
        if seed.members("a mapping with `user-data` and `meta-data`") != nil {
            seed.warnUnknownKeys(.cloudInit)
            for key in ["user-data", "meta-data"] {
                guard let data = seed[key].members("a mapping, or {path: FILE}") else { continue }
                if data.count == 1, data["path"] != nil { _ = seed[key]["path"].word("the path of a file") }
            }
            domain.cloudInit = seed.value
        }
        guard let type = field["type"].text() else { return }
        switch type {
        case "ova":
            domain.ovaURL = field["url"].word("the URL of an OVA, such as file:///srv/appliance.ova")
            if field["url"].isEmpty {
                field.findings.error(field.path.appending("url"), "`url` is missing: a VM of type ova comes from there")
            }
        case "template": break
        default:
            field.findings.warning(
                field["type"].path, once: ["type", type],
                "`\(type.escaped)` means nothing here and is not used; a VM's type is `ova` or not written")
        }
    }

    private func nics() -> [NICSpec] {
        let list = field["nics"]
        if list.isAbsent, !field.lacksMerged {
            field.findings.error(list.path, "`nics` is missing; a VM has a list of NICs, such as [{net: \(nets?.first ?? "net-01")}]")
        }
        return list.elements("a list of NICs").map { nic in
            guard let raw = nic.members("a mapping with `net`") else {
                if nic.isEmpty { nic.refuse(allowed: "a mapping with `net`") }
                return NICSpec(net: "")
            }
            nic.warnUnknownKeys(.nic)
            let net = nic["net"].word("the name of a net")
            if nic["net"].isEmpty, !nic.lacksMerged {
                nic.findings.error(nic["net"].path, "`net` is missing; a NIC names the net it is on")
            }
            if let net, let nets, !nets.contains(net) {
                nic.findings.error(
                    nic["net"].path,
                    "unrecognized network in \(field.name): \(net.escaped), available: \(nets.joined(separator: ", "))"
                        + Spelling.hint(for: net, among: nets))
            }
            var spec = NICSpec(net: net ?? "", ip: nic["ip"].word("an IPv4 address, such as 192.168.200.9"))
            spec.raw = raw
            return spec
        }
    }

    private func checkDisks(_ domain: DomainSpec) {
        let list = field["disks"].path
        var names: [String: Int] = [:]
        var devices: [String: Int] = [:]
        for (index, disk) in domain.disks.enumerated() {
            let path = list.appending(index)
            if !disk.name.isEmpty, let first = names.updateValue(index, forKey: disk.name) {
                field.findings.error(
                    path.appending("name"), "disks[\(first)] is called \(disk.name) already; each disk needs a name of its own")
            }
            // A CD drive gets a place of its own, whatever `dev` says.
            if !disk.device.isEmpty, disk.format != .iso, let first = devices.updateValue(index, forKey: disk.device) {
                field.findings.error(path.appending("dev"), "disks[\(first)] is \(disk.device) already")
            }
        }
        if domain.disks.isEmpty, domain.ovaURL == nil, domain.vmProvider != "ssh", field["type"].isEmpty, !field.lacksMerged,
            !field.findings.hasError(at: list)
        {
            field.findings.warning(field.path, once: ["no disks", domain.name], "there is no disk to boot from; give it `disks`")
        }
    }
}

extension Field {
    /// The last key of the path.
    fileprivate var name: String {
        if case .key(let name)? = path.components.last { name } else { "" }
    }
}
