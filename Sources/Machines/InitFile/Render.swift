import AtollDocuments
package import AtollModel
package import OrderedCollections

extension InitFile {
    /// The spec as an init file: the keys it was written with, unknown ones included, and the fields as they are now.
    package static func render(_ spec: EnvironmentSpec) -> Value {
        [
            "domains": .map(spec.domains.mapValues { .map(render(domain: $0)) }),
            "nets": .map(spec.nets.mapValues { .map(render(net: $0)) }),
        ]
    }

    /// Errors of a spec that was made or changed in code, placed where its init file had the fields.
    package static func validate(_ spec: EnvironmentSpec) -> [Diagnostic] {
        var document = Document(render(spec), file: spec.sources.file)
        document.sources = spec.sources
        let findings = Findings(document: document)
        _ = EnvironmentDecoder(findings: findings).decode()
        return findings.sorted(.error)
    }

    /// One VM's mapping; also what a saved spec starts from.
    package static func render(domain: DomainSpec) -> OrderedDictionary<String, Value> {
        var members = domain.raw
        func put(_ key: String, _ value: Value?) { if let value { members[key] = value } }
        members["based-on"] = nil
        put("memory", domain.memory.map(Value.int))
        put("vcpu", domain.vcpu.map(Value.int))
        put("arch", domain.architecture.map(Value.string))
        put("machine", domain.machine.map(Value.string))
        put("cpu_model", domain.cpuModel.map(Value.string))
        put("cpu_custom", domain.cpuCustom)
        put("service_provider", domain.serviceProvider.map(Value.string))
        put("vm-type", domain.vmType.map(Value.string))
        put("vm-provider", domain.vmProvider.map(Value.string))
        put("root-password", domain.rootPassword.map(Value.string))
        put("ssh-password", domain.sshPassword.map(Value.string))
        put("ssh-user", domain.sshUser.map(Value.string))
        put("boot_time_sec", domain.bootTime.map(Value.int))
        put("distro", domain.distro.map(Value.string))
        put("bootstrap", domain.bootstrap.map { .string($0.rawValue) })
        put("cloud-init", domain.cloudInit)
        put("graphics", domain.graphics == Graphics.none ? nil : .string(domain.graphics.rawValue))
        put("firmware", domain.firmware.map { .string($0.rawValue) })
        put("tpm", domain.hasTPM ? true : nil)
        put("groups", domain.groups.isEmpty ? nil : .list(domain.groups.map(Value.string)))
        put("artifacts", domain.artifacts.isEmpty ? nil : .list(domain.artifacts.map(Value.string)))
        put("skip-export", domain.skipExport ? true : nil)
        if let url = domain.ovaURL {
            put("type", "ova")
            put("url", .string(url))
        }
        var metadata = domain.metadata
        if !domain.deployScripts.isEmpty { metadata["deploy-scripts"] = .list(domain.deployScripts.map(Value.string)) }
        if !metadata.isEmpty || members["metadata"] != nil { members["metadata"] = .map(metadata) }
        members["nics"] = .list(domain.nics.map { .map(render(nic: $0)) })
        if !domain.disks.isEmpty || members["disks"] != nil { members["disks"] = .list(domain.disks.map { .map(render(disk: $0)) }) }
        return members
    }

    /// One NIC's mapping.
    package static func render(nic: NICSpec) -> OrderedDictionary<String, Value> {
        var members = nic.raw
        members["net"] = .string(nic.net)
        if let ip = nic.ip { members["ip"] = .string(ip) }
        return members
    }

    /// One disk's mapping.
    package static func render(disk: DiskSpec) -> OrderedDictionary<String, Value> {
        var members = disk.raw
        func put(_ key: String, _ value: Value?) { if let value { members[key] = value } }
        put("name", .string(disk.name))
        put("dev", .string(disk.device))
        put("format", .string(disk.format.rawValue))
        switch disk.origin {
        case .template(let name, let version):
            put("type", "template")
            put("template_name", name.isEmpty ? .null : .string(name))
            put("template_version", version.map(Value.string))
        case .qcow2(let path):
            put("type", "template")
            put("template_type", "qcow2")
            put("path", path.isEmpty ? .null : .string(path))
        case .empty(let size):
            put("type", "empty")
            put("size", size.isEmpty ? .null : .string(size))
        case .file(let path, let url, let copy):
            put("type", "file")
            put("path", path.map(Value.string) ?? (url == nil ? .null : nil))
            put("url", url.map(Value.string))
            put("make_a_copy", copy ? true : nil)
        }
        // As it was written, unless it was changed.
        if let size = disk.size, members["size"]?.text.flatMap({ DiskSpec.Size($0) }) != size { put("size", .string(size.description)) }
        put("metadata", disk.metadata.isEmpty ? nil : .map(disk.metadata))
        put("build", disk.build)
        put("skip-export", disk.skipExport ? true : nil)
        return members
    }

    /// One net's mapping.
    package static func render(net: NetSpec) -> OrderedDictionary<String, Value> {
        var members = net.raw
        func put(_ key: String, _ value: Value?) { if let value { members[key] = value } }
        put("type", .string(net.kind.rawValue))
        put("gw", net.gateway.map(Value.string))
        put("management", net.management.map(Value.bool))
        put("dhcp", net.dhcp.map { ["start": .int($0.start), "end": .int($0.end)] })
        put("dns_domain_name", net.dnsDomainName.map(Value.string))
        put("dns_records", net.dnsRecords.isEmpty ? nil : .map(net.dnsRecords.mapValues(Value.string)))
        put("mtu", net.mtu.map(Value.int))
        put("ipv6", net.ipv6.map(Value.bool))
        put("egress", net.egress.map(render(egress:)))
        put("main_dns", net.hasLegacyDNS ? true : nil)
        return members
    }

    private static func render(egress: Egress) -> Value {
        switch egress {
        case .on: "on"
        case .off: "off"
        case .outside: "outside"
        case .only(let destinations): .list(destinations.map { .string($0.description) })
        }
    }
}
