package import AtollSettings
package import AtollModel
import Yams

extension TaskSettings {
    /// Sets a key from the text of a variable or a flag; lists have commas between their elements. Returns what is wrong with it: an
    /// error leaves the value as it was, a warning says what was done instead.
    package mutating func set(_ key: String, to text: String, from source: Settings.Source) -> Diagnostic? {
        let place =
            switch source {
            case .environment: "environment"
            case .flag: "command line"
            default: source.description
            }
        guard let option = TaskOption.named(key) else {
            return Diagnostic(.error, file: place, position: nil, path: .keys(key), message: "there is no such option")
        }
        let found = option.isSecret ? "found something else" : "found the text \"\(text)\""
        switch option.kind {
        case .profile:
            guard let word = Profile(rawValue: text) else { return Self.fault(key, place, nil, found, .error) }
            profile = word
        case .text(let path):
            if let problem = assign(text, to: path, option, place, nil) { return problem }
        case .flag(let path):
            switch text.lowercased() {
            case "true", "yes", "on", "1": self[keyPath: path] = true
            case "false", "no", "off", "0": self[keyPath: path] = false
            default: return Self.fault(key, place, nil, found, .error)
            }
        case .number(let path):
            guard let number = Int(text.trimmed), number >= option.minimum else { return Self.fault(key, place, nil, found, .error) }
            self[keyPath: path] = number
        case .seconds(let path):
            guard let seconds = TaskDuration.seconds(text) else { return Self.fault(key, place, nil, found, .error) }
            self[keyPath: path] = seconds
        case .list(let path): self[keyPath: path] = text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        }
        sources[key] = source
        return nil
    }

    /// Sets a key from a file, whose value must have the very type of the default.
    mutating func assign(_ entry: TaskSettingsDocument.Entry, in file: String) -> Diagnostic? {
        guard let option = TaskOption.named(entry.key) else { return nil }
        let place = TaskSettingsDocument.position(entry.node) ?? entry.position
        let tag = TaskSettingsDocument.type(of: entry.node)
        func refuse(_ hint: String = "") -> Diagnostic {
            let found = option.isSecret ? "found something else" : "found \(TaskSettingsDocument.described(entry.node))"
            return Self.fault(entry.key, file, place, found, .error, hint)
        }
        switch option.kind {
        case .profile:
            guard let word = entry.node.scalar.flatMap({ Profile(rawValue: $0.string) }) else { return refuse() }
            profile = word
        case .text(let path):
            guard let scalar = entry.node.scalar else { return refuse() }
            // YAML reads `egress: on` as a boolean, and everybody means the word.
            let isWord = option.key == "egress" && tag == .bool
            guard tag == .str || isWord else {
                return refuse(
                    tag != .int && tag != .float
                        ? "" : option.isSecret ? "; write it in quotes" : "; write it in quotes: '\(scalar.string)'")
            }
            let text = isWord ? (entry.node.bool == true ? "on" : "off") : scalar.string
            if let problem = assign(text, to: path, option, file, place) { return problem }
        case .flag(let path):
            guard tag == .bool, let flag = entry.node.bool else { return refuse() }
            self[keyPath: path] = flag
        case .number(let path):
            guard tag == .int, let number = entry.node.int, number >= option.minimum else { return refuse() }
            self[keyPath: path] = number
        case .seconds(let path):
            guard tag == .int || tag == .str, let scalar = entry.node.scalar, let seconds = TaskDuration.seconds(scalar.string) else {
                return refuse()
            }
            self[keyPath: path] = seconds
        case .list(let path):
            // One word stands for the list of it.
            let words = option.isWordToo && tag == .str ? [entry.node] : nil
            guard let elements = words ?? entry.node.sequence.map(Array.init) else { return refuse() }
            var texts: [String] = []
            for element in elements {
                guard let scalar = element.scalar, TaskSettingsDocument.type(of: element) == .str else {
                    return Self.fault(
                        entry.key, file, TaskSettingsDocument.position(element) ?? place,
                        "found \(TaskSettingsDocument.described(element)) in the list", .error)
                }
                texts.append(scalar.string)
            }
            self[keyPath: path] = texts
        }
        sources[entry.key] = .file(place.map { "\(file):\($0.line)" } ?? file)
        return nil
    }

    private mutating func assign(
        _ text: String, to path: WritableKeyPath<TaskSettings, String>, _ option: TaskOption, _ file: String, _ place: SourcePosition?
    ) -> Diagnostic? {
        var text = text
        if option.isURL { while text.hasSuffix("/") && !text.hasSuffix("://") { text.removeLast() } }
        if !option.words.isEmpty, !option.words.contains(text) {
            return Self.fault(option.key, file, place, "found the text \"\(text)\"", .error)
        }
        if option.key.hasPrefix("log_level_") {
            guard TaskOption.levels.contains(text.uppercased()) else {
                let allowed = TaskOption.levels.joined(separator: ", ")
                return Diagnostic(
                    .warning, file: file, position: place, path: .keys(option.key),
                    message: "\"\(text)\" is no level; allowed: \(allowed); using \(self[keyPath: path])")
            }
            text = text.uppercased()
        }
        if option.isDirectory {
            guard text.hasPrefix("/"), text.contains(where: { $0 != "/" }) else {
                return Self.fault(option.key, file, place, "found the text \"\(text)\"", .error)
            }
            while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        }
        self[keyPath: path] = text
        return nil
    }

    static func fault(
        _ key: String, _ file: String, _ place: SourcePosition?, _ found: String, _ severity: Diagnostic.Severity, _ hint: String = ""
    ) -> Diagnostic {
        Diagnostic(
            severity, file: file, position: place, path: .keys(key),
            message: "\(found); expected: \(TaskOption.named(key)?.expected ?? "")\(hint)")
    }
}
