/// Everything that makes one guest itself. Made once, saved with the prefix, and written by either writer.
public struct GuestIdentity: Sendable, Equatable {
    /// The short name, `vm-a`.
    public var hostname: String
    /// The DNS domain of its management net, `lago.local`.
    public var domainName: String?
    /// What cloud-init compares to tell a new machine from a reboot.
    public var instanceID: String
    /// 32 lower-case hex digits.
    public var machineID: String
    public var hostKeys: [HostKey]
    /// Whole lines of root's authorized_keys.
    public var authorizedKeys: [String]
    /// Only when the init file sets one; nil leaves the guest's own as it is.
    public var rootPassword: Secret?
    public var nics: [NICPlan]
    /// iSCSI initiator name.
    public var initiatorName: String
    /// Further lines of /etc/hosts: address and its names.
    public var hosts: [HostEntry]

    public init(
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
    public var fullName: String { domainName.map { "\(hostname).\($0)" } ?? hostname }
}

/// A key pair a guest's sshd answers with.
public struct HostKey: Sendable, Equatable {
    public enum Kind: String, Sendable { case ed25519, rsa, ecdsa }
    public var kind: Kind
    /// OpenSSH private key file, whole.
    public var privateKey: Secret
    /// `ssh-ed25519 AAAA… comment`, one line.
    public var publicKey: String

    public init(kind: Kind, privateKey: Secret, publicKey: String) {
        self.kind = kind
        self.privateKey = privateKey
        self.publicKey = publicKey
    }
}

/// One line of /etc/hosts.
public struct HostEntry: Sendable, Equatable {
    public var address: String
    public var names: [String]
    public init(address: String, names: [String]) {
        self.address = address
        self.names = names
    }
}

/// A text that no description, log or dump shows.
public struct Secret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself. Reading it is the moment to think where it goes.
    public let value: String
    public init(_ value: String) { self.value = value }
    public init(stringLiteral value: String) { self.value = value }
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
