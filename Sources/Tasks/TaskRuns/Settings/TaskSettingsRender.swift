import AtollSettings
extension TaskSettings {
    /// The settings as a `taskotron.yaml`, each key below its explanation. Values that are defaults are comments, so that later defaults
    /// are not lost; `pinned` writes them like the others. Values with secrets in them are left out unless `secrets` are asked for.
    package func render(pinned: Bool = false, secrets: Bool = false) -> String {
        var text = "# How tasks run (\(Self.fileName)). A line that begins with # is a comment: what it says is the default.\n"
        for option in TaskOption.all {
            let isSet = source(of: option.key) != .builtIn
            text += "\n# \(option.help)\n"
            if let client = option.awaits { text += "# (it has no effect yet: it waits for \(client))\n" }
            if isSet && !secrets && !self.secrets(of: option).isEmpty {
                text += "#\(option.key): (set by \(source(of: option.key)), not shown)\n"
            } else {
                text += "\(isSet || pinned ? "" : "#")\(option.key): \(rendered(option))\n"
            }
        }
        return text
    }

    /// The value of an option in YAML.
    private func rendered(_ option: TaskOption) -> String {
        switch option.kind {
        case .profile: profile.rawValue
        case .text(let path): Self.quoted(self[keyPath: path])
        case .flag(let path): self[keyPath: path] ? "true" : "false"
        case .number(let path), .seconds(let path): String(self[keyPath: path])
        case .list(let path): "[" + self[keyPath: path].map(Self.quoted).joined(separator: ", ") + "]"
        }
    }

    /// Plain where nothing else can be read into it, quoted elsewhere.
    private static func quoted(_ text: String) -> String {
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "_-./".utf8.contains(byte)
            }
        }
        if isPlain, let first = text.first, first.isLetter || first == "/", !words.contains(text.lowercased()) { return text }
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
        }
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.properties.generalCategory == .control:
                "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count) + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
