/// Paths in a guest's filesystem that belong to one VM and must not be in a template, where every VM made from it would share them.
///
/// The one list: template builds remove and check these paths, `template import` warns about them, sysprep removes them from each disk.
public enum IdentityPaths {
    /// What a path holds.
    public enum Kind: String, Sendable, CaseIterable {
        case machineID = "machine id"
        case hostKey = "ssh host key"
        case randomSeed = "random seed"
        case dhcp = "DHCP lease or client id"
        case nic = "NIC name"
        case cloudInit = "cloud-init instance data"
        case initiator = "storage initiator name"
        case registration = "registration or private key"
        case log = "log"
        case history = "shell history"
        case cache = "package list or cache"

        /// Whether sysprep removes it. It writes the machine id itself; registrations, logs and caches can be there on purpose.
        public var isRemovedBySysprep: Bool {
            switch self {
            case .hostKey, .randomSeed, .dhcp, .nic, .cloudInit, .initiator: true
            case .machineID, .registration, .log, .history, .cache: false
            }
        }
    }

    public struct Entry: Sendable, Equatable {
        /// Absolute, with `*` and `?` within a component.
        public var pattern: String
        public var kind: Kind
    }

    /// systemd fills this file where it is empty; without it the first boot runs systemd-firstboot.
    public static let machineID = "/etc/machine-id"

    private static let patterns: KeyValuePairs<Kind, [String]> = [
        .machineID: [machineID, "/var/lib/dbus/machine-id", "/etc/hostid"],
        .hostKey: ["/etc/ssh/ssh_host_*", "/etc/dropbear/dropbear_*_host_key", "/etc/dropbear-initramfs/dropbear_*_host_key"],
        .randomSeed: [
            "/var/lib/systemd/random-seed", "/var/lib/systemd/credential.secret", "/var/lib/random-seed", "/var/lib/urandom/random-seed",
            "/var/lib/misc/random-seed", "/var/lib/seedrng/*", "/boot/loader/random-seed", "/boot/efi/loader/random-seed",
            "/efi/loader/random-seed",
        ],
        .dhcp: [
            "/var/lib/dhcp/*", "/var/lib/dhclient/*", "/var/lib/dhcpcd/*", "/var/lib/dhcpcd5/*", "/etc/dhcpcd.duid", "/etc/dhcpcd.secret",
            "/var/lib/NetworkManager/*.lease", "/var/lib/NetworkManager/secret_key", "/var/lib/NetworkManager/seen-bssids",
            "/var/lib/NetworkManager/timestamps", "/var/lib/wicked/*.xml", "/var/lib/systemd/network/*",
        ],
        .nic: ["/etc/udev/rules.d/70-persistent-net.rules", "/etc/udev/rules.d/75-persistent-net-generator.rules"],
        .cloudInit: [
            "/var/lib/cloud/instance", "/var/lib/cloud/instances", "/var/lib/cloud/data", "/var/lib/cloud/sem", "/var/lib/cloud/seed/*",
            "/var/lib/atoll/instance-id", "/var/lib/atoll/chpasswd",
        ],
        .initiator: ["/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostnqn", "/etc/nvme/hostid"],
        .registration: [
            "/etc/pki/consumer/*.pem", "/etc/sysconfig/rhn/systemid", "/etc/insights-client/machine-id", "/var/lib/yum/uuid",
            "/var/lib/dnf/countme", "/etc/ssl/private/ssl-cert-snakeoil.key", "/etc/salt/pki/minion/minion.pem", "/etc/krb5.keytab",
        ],
        .log: ["/var/log/*", "/var/spool/mail/*", "/var/mail/*", "/var/crash/*", "/var/lib/systemd/coredump/*"],
        .history: ["/root/.bash_history", "/root/.ash_history", "/root/.lesshst", "/root/.ssh/known_hosts", "/home/*/.bash_history"],
        .cache: [
            "/var/lib/apt/lists/*", "/var/cache/apt/*", "/var/cache/dnf/*", "/var/cache/libdnf5/*", "/var/cache/yum/*", "/var/cache/zypp/*",
        ],
    ]

    public static let entries = patterns.flatMap { kind, patterns in patterns.map { Entry(pattern: $0, kind: kind) } }

    /// What sysprep removes from a disk before it writes the new identity.
    public static let removedBySysprep = entries.filter(\.kind.isRemovedBySysprep).map(\.pattern)

    /// What a template build removes, sorted. The file `machineID` is emptied instead.
    public static let removedByBuild = entries.map(\.pattern).filter { $0 != machineID }.sorted()

    /// One path that holds something of one VM.
    public struct Remnant: Sendable, Equatable {
        public var path: String
        /// The entry's, by which it was found.
        public var pattern: String
        public var kind: Kind

        public init(path: String, pattern: String? = nil, kind: Kind) {
            self.path = path
            self.pattern = pattern ?? path
            self.kind = kind
        }
    }

    /// What of the list is in a guest's filesystem: nonempty files, and directories with such files in them. Links and markers that stand for
    /// an identity still to be made are none.
    public static func remnants(in tree: some GuestTree) throws -> [Remnant] {
        var found: [Remnant] = []
        for entry in entries {
            let paths = entry.pattern.contains { $0 == "*" || $0 == "?" } ? try tree.glob(entry.pattern) : [entry.pattern]
            for path in paths where try holds(path, in: tree, depth: 4) {
                found.append(Remnant(path: path, pattern: entry.pattern, kind: entry.kind))
            }
        }
        return found
    }

    private static func holds(_ path: String, in tree: some GuestTree, depth: Int) throws -> Bool {
        switch try tree.node(path) {
        case nil, .other: return false
        case .directory:
            return try depth > 0 && tree.glob(path + "/*").contains { try holds($0, in: tree, depth: depth - 1) }
        case .file(let size):
            guard size > 0 else { return false }
            // Only short files can be markers.
            guard size < 4096 else { return true }
            let text = String(decoding: try tree.read(path), as: UTF8.self)
            // systemd's machine-id(5) and Debian's open-iscsi.
            return text != "uninitialized\n" && text != "uninitialized" && !text.contains("GenerateName=yes")
        }
    }

    /// The command that removes the remnants from an image file. virt-sysprep is none: it writes a machine id of its own.
    public static func removalCommand(_ remnants: [Remnant]) -> String {
        var patterns: [String] = []
        for remnant in remnants where !patterns.contains(remnant.pattern) { patterns.append(remnant.pattern) }
        let steps = patterns.map { $0 == machineID ? "truncate \($0)" : "glob rm-rf '\($0)'" }
        return "guestfish --rw -a IMAGE -i \(steps.joined(separator: " : "))"
    }

    /// The remnants by kind, at most three paths of each: `machine id ('/etc/machine-id'), log ('/var/log/a', '/var/log/b' and 7 more)`.
    public static func summary(_ remnants: [Remnant]) -> String {
        Kind.allCases.compactMap { kind -> String? in
            let paths = remnants.filter { $0.kind == kind }.map { "'\($0.path)'" }
            guard !paths.isEmpty else { return nil }
            let more = paths.count > 3 ? " and \(paths.count - 3) more" : ""
            return "\(kind.rawValue) (\(paths.prefix(3).joined(separator: ", "))\(more))"
        }.joined(separator: ", ")
    }
}

/// A guest's mounted filesystem, as far as looking for remnants needs one. Paths are absolute in the guest.
public protocol GuestTree {
    /// What is at `path`, a link itself not followed; nil if nothing is.
    func node(_ path: String) throws -> GuestNode?
    /// Paths that match a pattern with `*` and `?`, directories without a trailing slash.
    func glob(_ pattern: String) throws -> [String]
    /// The whole content of a file.
    func read(_ path: String) throws -> [UInt8]
}

/// What a `GuestTree` has at a path.
public enum GuestNode: Sendable, Equatable {
    case file(size: Int64)
    case directory
    /// A link, a device, a socket.
    case other
}
