package import AtollModel

extension Settings {
    /// A flag given on the command line.
    package struct Flag: Sendable, Equatable {
        package var section: String
        package var key: String
        package var value: String

        package init(_ key: String, _ value: String, section: String = Settings.global) {
            self.section = section
            self.key = key
            self.value = value
        }
    }

    /// A configuration file's name and text.
    package struct File: Sendable, Equatable {
        package var path: String
        package var text: String

        package init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// All sources in one: files from the least important on, then `LAGO_*`, `ATOLL_*`, and flags. Returns warnings too.
    package static func merge(
        parameters: [Parameter] = Parameter.builtIn, files: [File] = [], environment: [String: String] = [:], flags: [Flag] = []
    ) -> (settings: Settings, warnings: [Diagnostic]) {
        var settings = Settings(parameters: parameters)
        var warnings: [Diagnostic] = []
        for file in files {
            let ini = INIFile(file.text)
            for item in ini.items { settings.set(item.key, in: item.section, to: Entry(item.value, from: .file(file.path))) }
            for (line, text) in ini.stray {
                warnings.append(
                    Diagnostic(
                        .warning, file: file.path, position: SourcePosition(line: line, column: 1),
                        message: "\"\(text)\" is neither a [section] nor `key = value` in one, ignoring."))
            }
        }
        for prefix in ["LAGO", "ATOLL"] {
            for name in environment.keys.sorted() {
                guard let (section, key) = address(of: name, prefix: prefix), let value = environment[name] else { continue }
                guard !value.isEmpty else {
                    warnings.append(
                        Diagnostic(
                            .warning, file: "environment", position: nil,
                            message: "empty environment variable definition:\(name), ignoring."))
                    continue
                }
                settings.set(key, in: section, to: Entry(value, from: .environment(name)))
            }
        }
        for flag in flags {
            let name = "--" + flag.key.map { $0 == "_" ? "-" : String($0) }.joined()
            settings.set(flag.key, in: flag.section, to: Entry(flag.value, from: .flag(name)))
        }
        return (settings, warnings)
    }

    /// `LAGO_NAME` is a global key, `LAGO__SECTION__NAME` one of a section, which ends at the next two underscores.
    static func address(of variable: String, prefix: String) -> (section: String, key: String)? {
        guard variable.hasPrefix(prefix + "_") else { return nil }
        let rest = variable.dropFirst(prefix.count + 1)
        guard rest.first == "_" else { return rest.isEmpty ? nil : (global, rest.lowercased()) }
        let body = Array(rest.dropFirst())
        for end in body.indices.dropFirst() where body[end...].starts(with: "__") {
            let key = String(body[(end + 2)...])
            return key.isEmpty ? nil : (String(body[..<end]).lowercased(), key.lowercased())
        }
        return nil
    }
}
