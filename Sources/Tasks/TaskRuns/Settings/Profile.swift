/// Which set of defaults a task run starts from.
package enum Profile: String, Sendable, CaseIterable {
    case development, production
    /// Reads nothing from disk.
    case testing
}

/// Whose directories are the defaults.
package struct TaskUser: Sendable, Equatable {
    /// Login name; becomes part of paths.
    package var name: String
    package var isRoot: Bool
    /// Where state is kept, `$XDG_STATE_HOME` or `~/.local/state`.
    package var stateHome: String
    /// `$XDG_CACHE_HOME` or `~/.cache`.
    package var cacheHome: String
    /// `$XDG_CONFIG_HOME` or `~/.config`.
    package var configHome: String

    /// From the environment's `HOME` and `XDG_*`; without a home, directories below `/var/tmp`.
    package init(name: String, isRoot: Bool, environment: [String: String]) {
        func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME") ?? (isRoot ? "/root" : "/var/tmp/\(name)")
        self.name = name
        self.isRoot = isRoot
        stateHome = absolute("XDG_STATE_HOME") ?? home + "/.local/state"
        cacheHome = absolute("XDG_CACHE_HOME") ?? home + "/.cache"
        configHome = absolute("XDG_CONFIG_HOME") ?? home + "/.config"
    }
}
