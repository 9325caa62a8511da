package import AtollModel
import OrderedCollections

/// A way a guest is told about its NICs.
package enum NetworkStyle: String, Sendable, CaseIterable {
    case networkd, ifupdown, netplan, ifcfg, networkmanager

    /// The files this style reads, loopback included where the style wants it.
    package func files(for nics: [NICPlan]) -> [GuestFile] {
        switch self {
        case .networkd: nics.map { .text("/etc/systemd/network/10-atoll-\($0.name).network", networkd($0, among: nics)) }
        case .ifupdown: [.text("/etc/network/interfaces", interfaces(nics))]
        case .netplan:
            [.text("/etc/netplan/10-atoll.yaml", YAMLText.render(["network": NetworkConfig.version2(nics, form: .netplan)]), mode: 0o600)]
        case .ifcfg: nics.map { .text("/etc/sysconfig/network-scripts/ifcfg-\($0.name)", ifcfg($0)) }
        case .networkmanager:
            nics.map { .text("/etc/NetworkManager/system-connections/atoll-\($0.name).nmconnection", keyfile($0), mode: 0o600) }
        }
    }

    private func networkd(_ nic: NICPlan, among nics: [NICPlan]) -> String {
        var text = "[Match]\n" + (nic.mac.map { "MACAddress=\($0)\n" } ?? "Name=\(nic.name)\n")
        var link = nic.mtu.map { "MTUBytes=\($0)\n" } ?? ""
        // A NIC that may never get a lease must not hold up network-online.target when another is known to work.
        if nic.address == nil, nics.contains(where: { $0.address != nil }) { link += "RequiredForOnline=no\n" }
        if !link.isEmpty { text += "\n[Link]\n" + link }
        text += "\n[Network]\nDHCP=\(nic.dhcp ? "ipv4" : "no")\n"
        if !nic.hasIPv6 { text += "IPv6AcceptRA=no\n" }
        if let cidr = nic.cidr { text += "Address=\(cidr)\n" }
        if let v6 = nic.ipv6Parts { text += "Address=\(v6.address)/\(v6.length)\n" }
        if let gateway = nic.gateway { text += "Gateway=\(gateway)\n" }
        for server in nic.nameservers { text += "DNS=\(server)\n" }
        if !nic.searchDomains.isEmpty { text += "Domains=\(nic.searchDomains.joined(separator: " "))\n" }
        if nic.dhcp { text += "\n[DHCPv4]\nClientIdentifier=mac\n" }
        return text
    }

    // Address and netmask apart: busybox's ifup knows no prefix length in `address`.
    private func interfaces(_ nics: [NICPlan]) -> String {
        var text = "auto lo\niface lo inet loopback\n"
        for nic in nics {
            text += "\nauto \(nic.name)\n"
            if let address = nic.address {
                text += "iface \(nic.name) inet static\n    address \(address)\n    netmask \(nic.netmask)\n"
                if let gateway = nic.gateway { text += "    gateway \(gateway)\n" }
                if !nic.nameservers.isEmpty { text += "    dns-nameservers \(nic.nameservers.map(\.description).joined(separator: " "))\n" }
                if !nic.searchDomains.isEmpty { text += "    dns-search \(nic.searchDomains.joined(separator: " "))\n" }
            } else {
                text += "iface \(nic.name) inet \(nic.dhcp ? "dhcp" : "manual")\n"
            }
            if let mtu = nic.mtu { text += "    mtu \(mtu)\n" }
            if let v6 = nic.ipv6Parts { text += "iface \(nic.name) inet6 static\n    address \(v6.address)\n    netmask \(v6.length)\n" }
        }
        return text
    }

    private func ifcfg(_ nic: NICPlan) -> String {
        var text = "DEVICE=\(nic.name)\nNAME=\(nic.name)\nTYPE=Ethernet\nONBOOT=yes\n"
        if let mac = nic.mac { text += "HWADDR=\(mac)\n" }
        text += "BOOTPROTO=\(nic.dhcp ? "dhcp" : "none")\n"
        if let address = nic.address {
            text += "IPADDR=\(address)\nPREFIX=\(nic.prefixLength)\nDEFROUTE=\(nic.gateway == nil ? "no" : "yes")\n"
        }
        if let gateway = nic.gateway { text += "GATEWAY=\(gateway)\n" }
        for (index, server) in nic.nameservers.enumerated() { text += "DNS\(index + 1)=\(server)\n" }
        // Quoted as the format's own reader, a shell, wants words that hold a space; domain names need no escapes.
        if !nic.searchDomains.isEmpty { text += "DOMAIN=\"\(nic.searchDomains.joined(separator: " "))\"\n" }
        if !nic.hasIPv6 { text += "IPV6INIT=no\n" }
        if let v6 = nic.ipv6Parts { text += "IPV6INIT=yes\nIPV6ADDR=\(v6.address)/\(v6.length)\n" }
        if let mtu = nic.mtu { text += "MTU=\(mtu)\n" }
        return text
    }

    private func keyfile(_ nic: NICPlan) -> String {
        var text = "[connection]\nid=\(nic.name)\ntype=ethernet\nautoconnect=true\n"
        if nic.mac == nil { text += "interface-name=\(nic.name)\n" }
        if nic.mac != nil || nic.mtu != nil { text += "\n[ethernet]\n" }
        if let mac = nic.mac { text += "mac-address=\(mac)\n" }
        if let mtu = nic.mtu { text += "mtu=\(mtu)\n" }
        text += "\n[ipv4]\nmethod=\(nic.cidr != nil ? "manual" : nic.dhcp ? "auto" : "disabled")\n"
        if let cidr = nic.cidr { text += "address1=\(cidr)\(nic.gateway.map { ",\($0)" } ?? "")\n" }
        if nic.cidr != nil, nic.gateway == nil { text += "never-default=true\n" }
        if !nic.nameservers.isEmpty { text += "dns=\(nic.nameservers.map { "\($0);" }.joined())\n" }
        if !nic.searchDomains.isEmpty { text += "dns-search=\(nic.searchDomains.map { $0 + ";" }.joined())\n" }
        text += "\n[ipv6]\n"
        text +=
            nic.ipv6Parts.map { "method=manual\naddress1=\($0.address)/\($0.length)\n" }
            ?? "method=\(nic.hasIPv6 ? "auto" : "link-local")\n"
        return text
    }
}

/// The `network-config` document, version 2, that cloud-init and netplan share.
package enum NetworkConfig {
    /// The two readers differ in how a default route is best said.
    package enum Form: Sendable {
        /// `gateway4`: every cloud-init renderer knows it; the ifupdown one turns `routes` into a call of net-tools' `route`,
        /// which current images lack, and refuses `to: default`.
        case cloudInit
        /// `routes`: netplan deprecates `gateway4`.
        case netplan
    }

    /// `{version: 2, ethernets: {…}}`
    package static func version2(_ nics: [NICPlan], form: Form) -> Value {
        var ethernets: OrderedDictionary<String, Value> = [:]
        for nic in nics {
            var ethernet: OrderedDictionary<String, Value> = [:]
            if let mac = nic.mac {
                ethernet["match"] = ["macaddress": .string("\(mac)")]
                ethernet["set-name"] = .string(nic.name)
            }
            ethernet["dhcp4"] = .bool(nic.dhcp)
            if !nic.hasIPv6 { ethernet["accept-ra"] = false }
            let addresses = [nic.cidr, nic.ipv6Parts.map { "\($0.address)/\($0.length)" }].compactMap { $0 }
            if !addresses.isEmpty { ethernet["addresses"] = .list(addresses.map(Value.string)) }
            if let gateway = nic.gateway {
                switch form {
                case .cloudInit: ethernet["gateway4"] = .string("\(gateway)")
                case .netplan: ethernet["routes"] = [["to": "0.0.0.0/0", "via": .string("\(gateway)")]]
                }
            }
            var names: OrderedDictionary<String, Value> = [:]
            if !nic.nameservers.isEmpty { names["addresses"] = .list(nic.nameservers.map { .string("\($0)") }) }
            if !nic.searchDomains.isEmpty { names["search"] = .list(nic.searchDomains.map(Value.string)) }
            if !names.isEmpty { ethernet["nameservers"] = .map(names) }
            if let mtu = nic.mtu { ethernet["mtu"] = .int(mtu) }
            ethernets[nic.name] = .map(ethernet)
        }
        return ["version": 2, "ethernets": .map(ethernets)]
    }
}
