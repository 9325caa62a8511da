/// Configuration: INI files, environment variables and flags, merged key by key, each value with the place it came from (spec 1.6).
///
/// Order, later wins: built-in defaults, files from the least to the most important, `LAGO_*`, `ATOLL_*`, flags. A value is what is
/// written: `%`, `$` and quotes mean nothing here. Only the CLI and the composition root read settings; other rooms get values.
/// Keys and sections nobody knows are kept, for plugins.
///
/// Start with `Settings.load`; `Settings.merge` is the same without a world.
package struct Settings: Sendable, Equatable {
    /// Where a value came from.
    package enum Source: Sendable, Equatable, CustomStringConvertible {
        case builtIn
        case file(String)
        case environment(String)
        case flag(String)

        package var description: String {
            switch self {
            case .builtIn: "built-in default"
            case .file(let path): path
            case .environment(let name): "environment variable \(name)"
            case .flag(let name): name
            }
        }
    }

    /// A value and its origin.
    package struct Entry: Sendable, Equatable {
        package var value: String
        package var source: Source

        package init(_ value: String, from source: Source) {
            self.value = value
            self.source = source
        }
    }

    /// The section of global flags. `[atoll]` in a file means the same one.
    package static let global = "lago"

    /// Section to key to entry; names are lower case, keys with underscores.
    package private(set) var sections: [String: [String: Entry]] = [:]
    /// The parameters that are described; `render` explains them.
    package private(set) var parameters: [Parameter]

    /// Settings with nothing but the defaults of `parameters`.
    package init(parameters: [Parameter] = Parameter.builtIn) {
        self.parameters = parameters
        for parameter in parameters {
            if let value = parameter.value { set(parameter.key, in: parameter.section, to: Entry(value, from: .builtIn)) }
        }
    }

    /// The value of a key, or nil when nothing sets it.
    package func value(section: String = Settings.global, key: String) -> String? { entry(section: section, key: key)?.value }

    /// Where the value of a key came from.
    package func source(section: String = Settings.global, key: String) -> Source? { entry(section: section, key: key)?.source }

    /// A key's value and source.
    package func entry(section: String = Settings.global, key: String) -> Entry? { sections[Self.section(section)]?[Self.key(key)] }

    /// All values of a section; empty when nothing sets any.
    package func section(_ name: String) -> [String: String] { sections[Self.section(name)]?.mapValues(\.value) ?? [:] }

    /// A whole number; nil when nothing sets it.
    package func integer(section: String = Settings.global, key: String) throws(SettingsError) -> Int? {
        guard let entry = entry(section: section, key: key) else { return nil }
        guard let number = Int(entry.value.trimmed) else { throw SettingsError(key: key, entry: entry, allowed: "a whole number") }
        return number
    }

    /// A truth value; nil when nothing sets it.
    package func flag(section: String = Settings.global, key: String) throws(SettingsError) -> Bool? {
        guard let entry = entry(section: section, key: key) else { return nil }
        switch entry.value.trimmed.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0", "none": return false
        default: throw SettingsError(key: key, entry: entry, allowed: "true or false")
        }
    }

    /// Sets one value; what was there is gone.
    package mutating func set(_ key: String, in section: String = Settings.global, to entry: Entry) {
        sections[Self.section(section), default: [:]][Self.key(key)] = entry
    }

    static func section(_ name: String) -> String {
        let name = name.trimmed.lowercased()
        return name == "atoll" ? global : name
    }

    static func key(_ name: String) -> String { String(name.trimmed.lowercased().map { $0 == "-" ? "_" : $0 }) }
}

/// A value that cannot be what its key needs. A user error: exit 2.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    package var key: String
    package var entry: Settings.Entry
    /// What would be right.
    package var allowed: String

    package var description: String { "\(entry.source): \(key): found \"\(entry.value)\"; allowed: \(allowed)" }
}

/// A described setting.
package struct Parameter: Sendable, Equatable {
    package var section: String
    package var key: String
    /// nil: nothing unless somebody sets it.
    package var value: String?
    /// One sentence.
    package var help: String

    package init(_ key: String, _ value: String? = nil, section: String = Settings.global, help: String) {
        self.section = section
        self.key = key
        self.value = value
        self.help = help
    }

    /// Names that some of the described keys had once; they still work.
    static let olderNames: Set<String> = ["libvirt_username", "root_password"]

    /// What every installation knows (spec 1.2, 1.6).
    package static let builtIn: [Parameter] = [
        Parameter("loglevel", "info", help: "log level to use: info, debug, error or warning"),
        Parameter("logdepth", "3", help: "levels of progress to show: 0 the plans alone, any other their steps too"),
        Parameter("jobs", help: "steps to run at once"),
        Parameter("out_format", "default", help: "how query verbs print: default or json"),
        Parameter("prefix_path", help: "prefix to work on, by its directory"),
        Parameter("workdir_path", help: "workdir to use"),
        Parameter("prefix_name", "current", help: "prefix to use inside the workdir"),
        Parameter("ssh_user", "root", help: "user to log in as where a VM does not say it"),
        Parameter("ssh_password", help: "password to log in with where a VM does not say it"),
        Parameter("ssh_tries", "100", help: "accepted for compatibility; it has no effect"),
        Parameter("ssh_timeout", "10", help: "seconds for one attempt to log in, times 4 under tcg"),
        Parameter("libvirt_url", "qemu:///system", help: "libvirt to connect to"),
        Parameter("libvirt_user", help: "user name for libvirt, where it asks for one"),
        Parameter("libvirt_password", help: "password for libvirt, where it asks for one"),
        Parameter("default_vm_type", "default", help: "VM type of VMs that name none"),
        Parameter("default_vm_provider", "local-libvirt", help: "VM provider of VMs that name none"),
        Parameter("default_root_password", help: "root password to set on VMs that have none of their own"),
        Parameter("lease_dir", "/var/lib/lago/subnets", help: "where the subnets of this host are leased"),
        Parameter("reposync_dir", "/var/lib/lago", help: "accepted for compatibility; it has no effect"),
        Parameter("accel", "auto", help: "how guests run: auto, kvm or tcg"),
        Parameter("template_repo_path", section: "init", help: "template repository, a path or URL"),
        Parameter("template_repo_name", section: "init", help: "template repository, by its name in the repositories directory"),
        Parameter("template_store", section: "init", help: "where templates are kept"),
        Parameter("template_repos", section: "init", help: "where named repositories are kept"),
        Parameter("dst_dir", ".", section: "export", help: "where exported disks go"),
        Parameter("init_file_name", "LagoInitFile", section: "export", help: "name of the exported init file"),
        Parameter("keys", "['vm-type', 'groups', 'vm-provider']", section: "ansible_hosts", help: "keys to group hosts by"),
    ]
}

extension String {
    package var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
