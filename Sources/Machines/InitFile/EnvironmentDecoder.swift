import AtollDocuments
import AtollModel
import Glibc
import OrderedCollections

/// The document as a whole: top-level keys, the nets, the VMs.
struct EnvironmentDecoder {
    let findings: Findings

    /// nil when this is no init file.
    func decode() -> EnvironmentSpec? {
        var spec = EnvironmentSpec(domains: [:], nets: [:], sources: findings.document.sources)
        let root = findings.root
        guard let members = root.value?.members else {
            root.refuse(allowed: "a mapping with `domains` and `nets`")
            return nil
        }
        guard checkTopLevel(members) else { return nil }

        let nets = root["nets"]
        for (name, value) in nets.members("a mapping of net names to nets") ?? [:] {
            let field = Field(value: value, path: nets.path.appending(name), findings: findings)
            checkName(name, at: field.path, of: "net")
            spec.nets[name] = NetDecoder(field: field).decode(name: name)
        }
        // With `nets` written twice, some of them are not known.
        let known = spec.nets.isEmpty || findings.hasError(at: nets.path) ? nil : Array(spec.nets.keys)
        let domains = root["domains"]
        let machines = domains.members("a mapping of VM names to VMs") ?? [:]
        if machines.isEmpty && !domains.isAbsent && domains.value?.kind != "text" {
            findings.warning(domains.path, "there is no VM in it")
        }
        for (name, value) in machines {
            let field = Field(value: value, path: domains.path.appending(name), findings: findings)
            checkName(name, at: field.path, of: "VM")
            let domain = DomainDecoder(field: field, nets: known).decode(name: name)
            if field.value?.members != nil { spec.domains[name] = domain }
        }
        return spec
    }

    /// Says what a file is when it is no init file; other keys are ignored, because anchors live there.
    private func checkTopLevel(_ members: OrderedDictionary<String, Value>) -> Bool {
        if members["domains"] == nil {
            if let key = ["networks", "vms"].first(where: { members[$0] != nil }) {
                findings.error(
                    atKey: .keys(key),
                    "this file has `networks` and `vms`: it is written for the shell scripts that followed Lago in ovirt-system-tests. "
                        + "An init file has `domains` and `nets`")
                return false
            }
            findings.error(
                atKey: FieldPath(),
                "there is no `domains` in this file; an init file has a mapping `domains` of VM names to VMs, and `nets`")
        }
        for key in members.keys where members["nets"] == nil || key.hasPrefix("proto") {
            guard Keys.names[.root]?.contains(key) == false,
                let meant = Spelling.suggestion(for: key, among: ["nets", "prototypes"], synonyms: Keys.synonyms)
            else { continue }
            findings.warning(.keys(key), "this top-level key is not used; did you mean `\(meant)`?")
        }
        return true
    }

    private func checkName(_ name: String, at path: FieldPath, of thing: String) {
        guard !Names.isAllowed(name) else { return }
        let shown = name.isEmpty ? "an empty name" : "\"\(name.escaped.prefix(80))\""
        findings.error(atKey: path, "\(shown) cannot name a \(thing); allowed: \(Names.rule)")
    }
}

extension Tree {
    /// The document as it is with what a VM, a net or all of them is called twice in the other's place; and where it differs.
    var variants: [(path: FieldPath, tree: Tree)] {
        var result: [(FieldPath, Tree)] = []
        for section in ["domains", "nets"] {
            guard let member = members?[section] else { continue }
            result += member.twins.map { (.keys(section), replacing(section, with: $0)) }
            for all in [member.value] + member.twins {
                for (name, inner) in all.members ?? [:] {
                    result += inner.twins.map { (.keys(section, name), replacing(section, with: all.replacing(name, with: $0))) }
                }
            }
        }
        return result
    }

    private func replacing(_ key: String, with value: Tree) -> Tree {
        var copy = self
        var members = self.members
        members?[key]?.value = value
        copy.members = members
        return copy
    }
}

/// The top level as it was meant.
enum TopLevel {
    /// Reads what is nearly called `domains` as that, so that the VMs in it are looked at too; what is wrong comes back.
    static func mend(_ root: inout Tree, file: String) -> [Diagnostic] {
        guard var members = root.members, members["domains"] == nil, !["networks", "vms"].contains(where: { members[$0] != nil }),
            let near = members.keys.first(where: { Spelling.suggestion(for: $0, among: ["domains"]) != nil }),
            let member = members.removeValue(forKey: near)
        else { return [] }
        members["domains"] = member
        root.members = members
        return [
            Diagnostic(
                .error, file: file, position: member.position, path: .keys(near),
                message: "an init file has `domains`; did you mean `domains`?")
        ]
    }
}

/// One net (spec 2.4).
struct NetDecoder {
    let field: Field

    func decode(name: String) -> NetSpec {
        var net = NetSpec(name: name)
        guard let raw = field.members("a mapping, such as {type: nat}") else { return net }
        net.raw = raw
        field.warnUnknownKeys(.net)
        net.kind = field["type"].choice(NetKind.self) ?? .nat
        net.gateway = field["gw"].word("an IPv4 address, such as 192.168.210.1")
        net.management = management(field["management"])
        net.dhcp = dhcp(field["dhcp"])
        net.dnsDomainName = field["dns_domain_name"].word(Names.domainRule, where: Names.isDomain)
        // Below, a bridge gets no IPv6 address; above, a guest gets no NIC. What was saved is what a network may be running with.
        let range = field.findings.isSaved ? 68...65535 : Self.mtu
        net.mtu = field["mtu"].integer(in: range, "a whole number of bytes from \(range.lowerBound) to \(range.upperBound), such as 9000")
        // What was saved was let in by an earlier version, which did not read it.
        if case .bool(let flag)? = field["ipv6"].value {
            net.ipv6 = flag
        } else if !field.findings.isSaved {
            net.ipv6 = field["ipv6"].flag()
        }
        net.egress = EgressDecoder(field: field["egress"], kind: net.kind).decode()
        net.hasLegacyDNS = field["main_dns"].value?.isTruthy ?? false
        let records = field["dns_records"]
        for (host, value) in records.members("a mapping of host names to addresses") ?? [:] {
            let record = Field(value: value, path: records.path.appending(host), findings: field.findings)
            guard field.findings.isSaved || Names.isDomain(host) else {
                field.findings.error(
                    atKey: record.path, "\"\(host.escaped.prefix(80))\" cannot be a host's name; allowed: \(Names.domainRule)")
                continue
            }
            guard let address = value.text, IPv4Address(address) != nil || Self.isIPv6(address) || field.findings.isSaved else {
                record.refuse(allowed: "an IP address, such as 192.168.200.9")
                continue
            }
            net.dnsRecords[host] = address
        }
        if net.kind == .bridge {
            for key in ["gw", "dhcp", "ipv6"] where !field[key].isEmpty {
                field.findings.warning(field.path.appending(key), "not used: a bridge net has no gateway, DHCP or IPv6 of ours")
            }
        }
        return net
    }

    static let mtu = 1280...65521

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// Only a real boolean ever counted, so text must not start to count, nor be silently ignored.
    private func management(_ field: Field) -> Bool? {
        switch field.value {
        case nil, .null?: return nil
        case .bool(let flag)?: return flag
        default:
            field.refuse(allowed: "true or false, without quotes")
            return nil
        }
    }

    private func dhcp(_ field: Field) -> NetSpec.DHCPRange? {
        guard field.members("a mapping with `start` and `end`") != nil else { return nil }
        field.warnUnknownKeys(.dhcp)
        let allowed = "a last octet from 1 to 254"
        for key in ["start", "end"] where field[key].isEmpty {
            field.findings.error(atKey: field.path, "`\(key)` is missing; a dynamic range has `start` and `end`, such as 100 and 254")
        }
        let (first, last) = (field["start"].integer(in: 1...254, allowed), field["end"].integer(in: 1...254, allowed))
        guard let start = first, let end = last else { return nil }
        guard start <= end else {
            field.findings.error(field["end"].path, "the range ends at \(end), before its start \(start)")
            return nil
        }
        return NetSpec.DHCPRange(start: start, end: end)
    }
}
