public import AtollModel
import Foundation

extension Settings {
    /// Configuration files that are looked for, the least important first.
    public static func paths(environment: [String: String]) -> [String] {
        func absolute(_ text: String?) -> String? { text.flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let systemwide = (environment["XDG_CONFIG_DIRS"] ?? "").split(separator: ":").compactMap { absolute(String($0)) }
        let home = absolute(environment["XDG_CONFIG_HOME"]) ?? absolute(environment["HOME"]).map { $0 + "/.config" }
        let folders = (systemwide.isEmpty ? ["/etc/xdg"] : systemwide).reversed() + [home].compactMap(\.self)
        return ["/etc"].appending(contentsOf: folders).flatMap { ["\($0)/lago/lago.conf", "\($0)/atoll/atoll.conf"] }
    }

    /// Reads the configuration of this host and user. Files that are absent or unreadable are skipped.
    public static func load(
        parameters: [Parameter] = Parameter.builtIn, environment: [String: String], flags: [Flag] = []
    ) -> (settings: Settings, warnings: [Diagnostic]) {
        let files = paths(environment: environment).compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8)).map { File(path: path, text: $0) }
        }
        return merge(parameters: parameters, files: files, environment: environment, flags: flags)
    }
}

extension Array {
    fileprivate func appending(contentsOf others: some Sequence<Element>) -> [Element] { self + others }
}
