/// The files of an identity that do not depend on how the guest sets up its network.
package enum IdentityFiles {
    /// hostname, hosts, machine-id, ssh host keys, root's authorized keys, the iSCSI name.
    package static func common(_ identity: GuestIdentity) -> [GuestFile] {
        var files = [
            GuestFile.text("/etc/hostname", identity.hostname + "\n"),
            hosts(identity),
            GuestFile.text("/etc/machine-id", identity.machineID + "\n", mode: 0o444),
        ]
        for key in identity.hostKeys {
            let path = "/etc/ssh/ssh_host_\(key.kind.rawValue)_key"
            files.append(.text(path, key.privateKey.value.endingInNewline, mode: 0o600))
            files.append(.text(path + ".pub", key.publicKey.endingInNewline))
        }
        files += authorizedKeys(identity.authorizedKeys)
        files.append(initiatorName(identity))
        return files
    }

    /// D-Bus's copy of the machine-id, as a link, the way distributions ship it.
    package static let busMachineID = GuestFile.link("/var/lib/dbus/machine-id", to: "/etc/machine-id")

    /// `/root/.ssh/authorized_keys` and its directory; nothing when there is no key.
    package static func authorizedKeys(_ keys: [String]) -> [GuestFile] {
        guard !keys.isEmpty else { return [] }
        return [
            .directory("/root/.ssh", mode: 0o700),
            .text("/root/.ssh/authorized_keys", keys.map(\.endingInNewline).joined(), mode: 0o600),
        ]
    }

    /// `/etc/iscsi/initiatorname.iscsi`
    package static func initiatorName(_ identity: GuestIdentity) -> GuestFile {
        .text("/etc/iscsi/initiatorname.iscsi", "InitiatorName=\(identity.initiatorName)\n", mode: 0o600)
    }

    /// `/etc/hosts`: the guest's own full name stands first on its line, because that is what `hostname -f` answers.
    package static func hosts(_ identity: GuestIdentity) -> GuestFile {
        let own = identity.nics.first { $0.gateway != nil || !$0.nameservers.isEmpty } ?? identity.nics.first { $0.address != nil }
        let names = identity.domainName == nil ? identity.hostname : "\(identity.fullName) \(identity.hostname)"
        var lines = [
            "127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", "\(own?.address.map { "\($0)" } ?? "127.0.1.1") \(names)",
        ]
        lines += identity.hosts.filter { !$0.names.isEmpty }.map { "\($0.address) \($0.names.joined(separator: " "))" }
        return .text("/etc/hosts", lines.joined(separator: "\n") + "\n")
    }

    /// `/etc/resolv.conf`, or nil when no name server is known.
    package static func resolver(_ nics: [NICPlan]) -> GuestFile? {
        let servers = nics.flatMap(\.nameservers)
        let domains = nics.flatMap(\.searchDomains)
        guard !servers.isEmpty else { return nil }
        var text = domains.isEmpty ? "" : "search \(domains.joined(separator: " "))\n"
        for server in servers { text += "nameserver \(server)\n" }
        return .text("/etc/resolv.conf", text)
    }

    /// `/etc/shadow` with another hash for root; nil when it has no line for root.
    /// - Parameter shadow: the guest's own.
    package static func shadow(_ shadow: String, rootHash: String) -> String? {
        var found = false
        let lines = shadow.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard line.hasPrefix("root:") else { return String(line) }
            found = true
            var fields = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if fields.count > 1 { fields[1] = rootHash }
            return fields.joined(separator: ":")
        }
        return found ? lines.joined(separator: "\n") : nil
    }
}

extension String {
    var endingInNewline: String { hasSuffix("\n") ? self : self + "\n" }
}
