import AtollModel

/// What has to change in one guest's filesystem for it to become an identity: worked out first, then done in a few calls.
struct Preparation: Equatable {
    /// Paths that go, before anything is put in place.
    var removals: [String] = []
    var files: [GuestFile] = []
    /// nil when no rule of the recipe applied.
    var style: NetworkStyle?
    /// The SELinux policy whose labels the new files need; nil where there is none.
    var policy: String?
    /// What the user should know.
    var notes: [String] = []

    /// Reads the guest, changes nothing.
    init(of identity: GuestIdentity, recipe: Recipe, in filesystem: any GuestFilesystem) throws {
        try remove(IdentityPaths.removedBySysprep, in: filesystem)
        for removal in recipe.remove where try removal.condition.holds(in: filesystem) {
            try remove(removal.paths, in: filesystem)
        }
        try addCommon(identity, in: filesystem)
        try addNetwork(identity, recipe: recipe, in: filesystem)
        if let hash = try identity.rootPasswordHash() { try setPassword(hash, in: filesystem) }
        for unit in recipe.disable { try remove(["/etc/systemd/system/*.wants/\(unit)"], in: filesystem) }
        if let seconds = recipe.bootMenuSeconds { try setBootMenu(seconds, in: filesystem) }
        if let config = try filesystem.text("/etc/selinux/config") {
            let settings = ShellAssignments(config)
            if ["enforcing", "permissive"].contains(settings["SELINUX"] ?? "") { policy = settings["SELINUXTYPE"] ?? "targeted" }
        }
    }

    /// Does it.
    func apply(to filesystem: any GuestFilesystem) throws {
        for path in removals { try filesystem.remove(path) }
        try filesystem.install(files)
        guard let policy else { return }
        // Where the appliance cannot, or the guest's policy is not what its name says, the guest does it itself: one more boot.
        let labelled = (try? filesystem.relabel(files.map(\.path), policy: policy)) ?? false
        if !labelled { try filesystem.install([.text("/.autorelabel", "")]) }
    }

    private mutating func remove(_ patterns: [String], in filesystem: any GuestFilesystem) throws {
        for pattern in patterns {
            // Looking costs the appliance nothing, removing starts a process.
            if pattern.isPattern {
                removals += try filesystem.glob(pattern)
            } else if try filesystem.exists(pattern) {
                removals.append(pattern)
            }
        }
    }

    private mutating func addCommon(_ identity: GuestIdentity, in filesystem: any GuestFilesystem) throws {
        for file in IdentityFiles.common(identity) {
            switch file.path {
            case "/etc/iscsi/initiatorname.iscsi": if try filesystem.exists("/etc/iscsi") { files.append(file) }
            case "/root/.ssh/authorized_keys":
                // What the template's maker let in stays let in.
                let present = try filesystem.text(file.path)?.split(separator: "\n").map(String.init) ?? []
                let keys = present + identity.authorizedKeys.map(\.withoutNewline).filter { !present.contains($0) }
                files.append(.text(file.path, keys.map(\.endingInNewline).joined(), mode: file.mode))
            default: files.append(file)
            }
        }
        if try filesystem.status("/var/lib/dbus")?.kind == .directory { files.append(IdentityFiles.busMachineID) }
        // cloud-init without a seed makes new host keys, a default user and a network configuration of its own.
        if try filesystem.status("/etc/cloud")?.kind == .directory { files.append(IdentityFiles.cloudInitDisabled) }
        // Guests from before systemd take their name from here.
        if let text = try filesystem.text("/etc/sysconfig/network"), text.contains("HOSTNAME=") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("HOSTNAME=") ? "HOSTNAME=\(identity.fullName)" : String($0) }
            files.append(.text("/etc/sysconfig/network", lines.joined(separator: "\n")))
        }
    }

    private mutating func addNetwork(_ identity: GuestIdentity, recipe: Recipe, in filesystem: any GuestFilesystem) throws {
        guard !identity.nics.isEmpty else { return }
        guard let rule = try recipe.network.first(where: { try $0.condition.holds(in: filesystem) }) else {
            notes.append("\(identity.hostname): no network style of recipe «\(recipe.name)» fits this guest; its network is left as it is")
            return
        }
        style = rule.style
        try remove(rule.remove, in: filesystem)
        files += rule.style.files(for: identity.nics)
        for unit in rule.enable {
            let wanted = "/etc/systemd/system/multi-user.target.wants/\(unit)"
            let places = ["/usr/lib/systemd/system/", "/lib/systemd/system/"].map { $0 + unit }
            guard try !filesystem.exists(wanted), let place = try places.first(where: filesystem.exists) else { continue }
            files.append(.link(wanted, to: place))
        }
        // A link belongs to a resolver that reads the network files themselves.
        if let resolver = IdentityFiles.resolver(identity.nics), try filesystem.status(resolver.path)?.kind != .link {
            files.append(resolver)
        }
    }

    private mutating func setPassword(_ hash: Secret, in filesystem: any GuestFilesystem) throws {
        let path = "/etc/shadow"
        guard let status = try filesystem.status(path), let text = try filesystem.text(path),
            let changed = IdentityFiles.shadow(text, rootHash: hash.value)
        else { throw BootstrapError(.disk, "cannot set root's password: the guest has no /etc/shadow with a line for root") }
        files.append(GuestFile(path, .file(Array(changed.utf8)), mode: status.mode, owner: status.owner, group: status.group))
    }

    private mutating func setBootMenu(_ seconds: Int, in filesystem: any GuestFilesystem) throws {
        let edits = [
            ("/boot/grub/grub.cfg", "set timeout="), ("/boot/grub2/grub.cfg", "set timeout="), ("/etc/default/grub", "GRUB_TIMEOUT="),
        ]
        for (path, setting) in edits {
            guard let status = try filesystem.status(path), status.kind == .file, let text = try filesystem.text(path) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
                let indent = line.prefix { $0 == " " || $0 == "\t" }
                guard line.dropFirst(indent.count).hasPrefix(setting) else { return String(line) }
                // Only numbers: grub's scripts also set it from variables.
                let value = line.dropFirst(indent.count + setting.count).filter { $0 != "\"" }
                return Int(value) == nil ? String(line) : "\(indent)\(setting)\(seconds)"
            }
            let changed = lines.joined(separator: "\n")
            guard changed != text else { continue }
            files.append(GuestFile(path, .file(Array(changed.utf8)), mode: status.mode, owner: status.owner, group: status.group))
        }
    }
}

/// `KEY=value` and `KEY="value"` lines, as in os-release.
struct ShellAssignments {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            var value = Substring(parts[1]).trimmingSuffix { $0.isWhitespace }
            if let quote = value.first, quote == "\"" || quote == "'", value.count > 1, value.last == quote {
                value = value.dropFirst().dropLast()
            }
            values[parts[0]] = String(value)
        }
    }

    subscript(key: String) -> String? { values[key] }

    /// `debian12`, then what it says it is like: what a recipe is chosen by.
    var distros: [String] {
        guard let id = self["ID"], !id.isEmpty else { return [] }
        return [id + (self["VERSION_ID"] ?? "")] + (self["ID_LIKE"] ?? "").split(separator: " ").map(String.init)
    }
}
