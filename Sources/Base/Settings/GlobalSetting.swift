/// A setting that every verb takes: its option, settings key, environment variables, default, validation and help.
///
/// One declaration is all there is to a setting: options, help, completion, `generate-config`, defaults and validation are made from
/// `all`. Precedence: option, `ATOLL_*`, `LAGO_*`, files, default.
package struct GlobalSetting: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case text
        /// A path; shells complete it.
        case path
        /// True or false; the option takes no value.
        case flag
        case choice([String])
        case integer
        /// A whole number from 1 to a thousand million, so that no arithmetic on seconds or counts overflows.
        case positive
    }

    /// The long option without dashes: `out-format`. Underscores are accepted for the dashes.
    package let name: String
    package let short: Character?
    package let kind: Kind
    package let defaultValue: String?
    /// What help says, a noun phrase without the default.
    package let help: String
    package let isHidden: Bool
    /// Whether records of task runs keep the option, for `rerun`.
    package let isRecorded: Bool
    /// Settings keys that had this meaning in Lago and still work.
    package let olderKeys: [String]

    init(
        _ name: String, _ short: Character? = nil, _ kind: Kind = .text, default defaultValue: String? = nil, hidden isHidden: Bool = false,
        recorded isRecorded: Bool = false, older olderKeys: [String] = [], help: String
    ) {
        self.name = name
        self.short = short
        self.kind = kind
        self.defaultValue = defaultValue
        self.help = help
        self.isHidden = isHidden
        self.isRecorded = isRecorded
        self.olderKeys = olderKeys
    }

    /// The key in settings files: `out_format`.
    package var key: String { String(name.map { $0 == "-" ? "_" : $0 }) }

    /// Environment variables, the least important first: `LAGO_OUT_FORMAT`, `ATOLL_OUT_FORMAT`.
    package var variables: [String] { ["LAGO_", "ATOLL_"].map { $0 + key.uppercased() } }

    /// The valid values, for messages; nil if every text is valid.
    package var expected: String? {
        switch kind {
        case .text, .path: nil
        case .flag: "true or false"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .integer: "a whole number"
        case .positive: "a whole number of at least 1"
        }
    }

    package func isValid(_ text: String) -> Bool {
        switch kind {
        case .text, .path: true
        case .flag: Settings.truth(text) != nil
        case .choice(let words): words.contains(text)
        case .integer: Int(text.trimmed) != nil
        case .positive: Int(text.trimmed).map { (1...1_000_000_000).contains($0) } ?? false
        }
    }

    package static let outFormat = GlobalSetting(
        "out-format", "f", .choice(["default", "json"]), default: "default", help: "Output format: default or json")
    package static let prefixPath = GlobalSetting("prefix-path", "p", .path, help: "Prefix directory")
    package static let workdirPath = GlobalSetting(
        "workdir-path", "w", .path, help: "Workdir; without it .atoll, or an existing .lago")
    package static let prefixName = GlobalSetting("prefix-name", "P", default: "current", help: "Prefix inside the workdir")
    package static let loglevel = GlobalSetting(
        "loglevel", "l", .choice(["debug", "info", "warning", "error"]), default: "info",
        help: "Log level: debug (the start of each step too), info, warning or error")
    package static let logdepth = GlobalSetting(
        "logdepth", nil, .integer, default: "3", help: "Levels of progress to show: 0 for plans only, any other number for steps too")
    package static let ignoreWarnings = GlobalSetting("ignore-warnings", nil, .flag, help: "Print no warnings")
    package static let accel = GlobalSetting(
        "accel", nil, .choice(["auto", "kvm", "tcg"]), default: "auto", recorded: true, help: "Accelerator of guests: auto, kvm or tcg")
    package static let jobs = GlobalSetting(
        "jobs", "j", .positive, default: "4", help: "Number of concurrent steps; of concurrent runs only if given")
    package static let leaseDir = GlobalSetting(
        "lease-dir", nil, .path, default: "/var/lib/lago/subnets", recorded: true, help: "Directory of subnet leases")
    package static let libvirtURL = GlobalSetting(
        "libvirt-url", nil, default: "qemu:///system", recorded: true, help: "libvirt connection")
    package static let libvirtUser = GlobalSetting(
        "libvirt-user", nil, recorded: true, older: ["libvirt_username"], help: "SASL user for libvirt")
    package static let libvirtPassword = GlobalSetting("libvirt-password", help: "SASL password for libvirt")
    package static let sshUser = GlobalSetting("ssh-user", default: "root", help: "ssh user of VMs that set none")
    package static let sshPassword = GlobalSetting(
        "ssh-password", help: "ssh password of VMs that set none; without it the key of the prefix is used")
    package static let sshTries = GlobalSetting(
        "ssh-tries", nil, .integer, default: "100", hidden: true, help: "Accepted for compatibility; has no effect")
    package static let sshTimeout = GlobalSetting(
        "ssh-timeout", nil, .positive, default: "10", recorded: true, help: "Seconds for one login attempt, times 4 under tcg")
    package static let defaultVMType = GlobalSetting(
        "default-vm-type", default: "default", hidden: true, help: "VM type of VMs that set none")
    package static let defaultVMProvider = GlobalSetting(
        "default-vm-provider", nil, .choice(["local-libvirt", "ssh"]), default: "local-libvirt", hidden: true,
        help: "VM provider of VMs that set none: local-libvirt or ssh")
    package static let defaultRootPassword = GlobalSetting(
        "default-root-password", hidden: true, older: ["root_password"], help: "Root password to set on VMs that set none")
    package static let reposyncDir = GlobalSetting(
        "reposync-dir", nil, .path, default: "/var/lib/lago", hidden: true, help: "Accepted for compatibility; has no effect")

    /// Every global setting, in the order of help.
    package static let all: [GlobalSetting] = [
        outFormat, prefixPath, workdirPath, prefixName, loglevel, logdepth, ignoreWarnings, accel, jobs, leaseDir, libvirtURL, libvirtUser,
        libvirtPassword, sshUser, sshPassword, sshTries, sshTimeout, defaultVMType, defaultVMProvider, defaultRootPassword, reposyncDir,
    ]
}

extension Settings {
    /// The entry of a setting: under its key, else under one that Lago had for it, else the default.
    package func entry(_ setting: GlobalSetting) -> Entry? {
        let entry = entry(key: setting.key)
        if let entry, entry.source != .builtIn { return entry }
        return setting.olderKeys.lazy.compactMap { self.entry(key: $0) }.first ?? entry
    }

    /// The value of a setting, or nil if nothing sets it and it has no default.
    package func value(_ setting: GlobalSetting) -> String? { entry(setting)?.value }

    /// The value of a number setting; `checkGlobals` has made sure that it is one.
    package func number(_ setting: GlobalSetting) -> Int? { value(setting).flatMap { Int($0.trimmed) } }

    /// Whether a flag setting is true.
    package func isOn(_ setting: GlobalSetting) -> Bool { value(setting).flatMap(Self.truth) ?? false }

    /// - Throws: the first global setting with an invalid value.
    package func checkGlobals() throws(SettingsError) {
        for setting in GlobalSetting.all {
            guard let entry = entry(setting), let expected = setting.expected, !setting.isValid(entry.value) else { continue }
            throw SettingsError(key: setting.key, entry: entry, allowed: expected)
        }
    }

    /// A truth value as settings and variables spell it; nil for any other text.
    static func truth(_ text: String) -> Bool? {
        switch text.trimmed.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0", "none": false
        default: nil
        }
    }
}
