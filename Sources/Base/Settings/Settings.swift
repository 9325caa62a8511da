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
        /// `PATH`, or `PATH:LINE` of the key.
        case file(String)
        case environment(String)
        case flag(String)

        package var description: String {
            switch self {
            case .builtIn: "built-in default"
            case .file(let path): path
            case .environment(let name): "environment variable '\(name)'"
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
        guard let truth = Self.truth(entry.value) else { throw SettingsError(key: key, entry: entry, allowed: "true or false") }
        return truth
    }

    /// Sets one value; what was there is gone.
    package mutating func set(_ key: String, in section: String = Settings.global, to entry: Entry) {
        sections[Self.section(section), default: [:]][Self.key(key)] = entry
    }

    static func section(_ name: String) -> String {
        let name = name.trimmed.lowercased()
        return name == "atoll" ? global : String(name.map { $0 == "-" || $0 == " " ? "_" : $0 })
    }

    static func key(_ name: String) -> String { String(name.trimmed.lowercased().map { $0 == "-" ? "_" : $0 }) }
}

/// A value that cannot be what its key needs. A user error: exit 2.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    package var key: String
    package var entry: Settings.Entry
    /// What would be right.
    package var allowed: String

    package var description: String {
        if case .flag(let name) = entry.source { return "invalid value '\(entry.value)' for '\(name)': expected \(allowed)" }
        return "\(entry.source): \(key): expected \(allowed), found '\(entry.value)'"
    }
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

    /// Keys that Lago had for some of the described settings; they still work.
    static let olderNames = Set(GlobalSetting.all.flatMap(\.olderKeys))

    /// What every installation knows (spec 1.2, 1.6): the global settings and keys of sections.
    package static let builtIn: [Parameter] =
        GlobalSetting.all.map { Parameter($0.key, $0.defaultValue, help: $0.help) } + [
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
