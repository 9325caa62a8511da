/// Everything that makes one guest itself. Made once, saved with the prefix, and written by either writer.
package struct GuestIdentity: Sendable, Equatable {
    /// The short name, `vm-a`.
    package var hostname: String
    /// The DNS domain of its management net, `lago.local`.
    package var domainName: String?
    /// What cloud-init compares to tell a new machine from a reboot.
    package var instanceID: String
    /// 32 lower-case hex digits.
    package var machineID: String
    package var hostKeys: [HostKey]
    /// Whole lines of root's authorized_keys.
    package var authorizedKeys: [String]
    /// Only when the init file sets one; nil leaves the guest's own as it is.
    package var rootPassword: Secret?
    package var nics: [NICPlan]
    /// iSCSI initiator name.
    package var initiatorName: String
    /// Further lines of /etc/hosts: address and its names.
    package var hosts: [HostEntry]

    package init(
        hostname: String, domainName: String? = nil, instanceID: String, machineID: String, hostKeys: [HostKey] = [],
        authorizedKeys: [String] = [], rootPassword: Secret? = nil, nics: [NICPlan] = [], initiatorName: String? = nil,
        hosts: [HostEntry] = []
    ) {
        self.hostname = hostname
        self.domainName = domainName
        self.instanceID = instanceID
        self.machineID = machineID
        self.hostKeys = hostKeys
        self.authorizedKeys = authorizedKeys
        self.rootPassword = rootPassword
        self.nics = nics
        // The name twice is what every template of this family has been told so far; targets are configured with it.
        self.initiatorName = initiatorName ?? "iqn.2014-07.org.lago:\(hostname):\(hostname)"
        self.hosts = hosts
    }

    /// `vm-a.lago.local`, or the short name where there is no domain.
    package var fullName: String { domainName.map { "\(hostname).\($0)" } ?? hostname }
}

/// A key pair a guest's sshd answers with.
package struct HostKey: Sendable, Equatable {
    package enum Kind: String, Sendable { case ed25519, rsa, ecdsa }
    package var kind: Kind
    /// OpenSSH private key file, whole.
    package var privateKey: Secret
    /// `ssh-ed25519 AAAA… comment`, one line.
    package var publicKey: String

    package init(kind: Kind, privateKey: Secret, publicKey: String) {
        self.kind = kind
        self.privateKey = privateKey
        self.publicKey = publicKey
    }
}

/// One line of /etc/hosts.
package struct HostEntry: Sendable, Equatable {
    package var address: String
    package var names: [String]
    package init(address: String, names: [String]) {
        self.address = address
        self.names = names
    }
}

/// A text that no description, log or dump shows.
package struct Secret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself. Reading it is the moment to think where it goes.
    package let value: String
    package init(_ value: String) { self.value = value }
    package init(stringLiteral value: String) { self.value = value }
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
