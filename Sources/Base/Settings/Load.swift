package import AtollModel

extension Settings {
    /// Configuration files that are looked for, the least important first.
    package static func paths(environment: [String: String]) -> [String] {
        func absolute(_ text: String?) -> String? { text.flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let systemwide = (environment["XDG_CONFIG_DIRS"] ?? "").split(separator: ":").compactMap { absolute(String($0)) }
        let home = absolute(environment["XDG_CONFIG_HOME"]) ?? absolute(environment["HOME"]).map { $0 + "/.config" }
        let folders = (systemwide.isEmpty ? ["/etc/xdg"] : systemwide).reversed() + [home].compactMap(\.self)
        return ["/etc"].appending(contentsOf: folders).flatMap { ["\($0)/lago/lago.conf", "\($0)/atoll/atoll.conf"] }
    }

    /// Reads the configuration of this host and user. Files that are absent are skipped, and those that cannot be read as well, with a
    /// warning.
    package static func load(
        parameters: [Parameter] = Parameter.builtIn, environment: [String: String], flags: [Flag] = []
    ) -> (settings: Settings, warnings: [Diagnostic]) {
        var files: [File] = []
        var unread: [Diagnostic] = []
        for path in paths(environment: environment) {
            do throws(InvalidInput) {
                if let text = try ConfigurationText.read(path) { files.append(File(path: path, text: text)) }
            } catch {
                unread += error.diagnostics.map { Diagnostic(.warning, file: path, position: nil, message: $0.message + "; it is skipped") }
            }
        }
        let (settings, warnings) = merge(parameters: parameters, files: files, environment: environment, flags: flags)
        return (settings, unread + warnings)
    }
}

extension Array {
    fileprivate func appending(contentsOf others: some Sequence<Element>) -> [Element] { self + others }
}
