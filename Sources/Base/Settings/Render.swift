extension Settings {
    /// The settings as INI text, each described parameter with its explanation. `verbose` adds the parameters that nothing sets, as
    /// `#name = None`. `date` goes into the first line.
    package func render(verbose: Bool = false, date: String) -> String {
        var text = "# Atoll configuration file, generated: \(date)\n"
        var names: [String] = []
        for name in parameters.map(\.section) + sections.keys.sorted() where !names.contains(name) { names.append(name) }
        for name in names {
            let body = render(section: name, verbose: verbose)
            if !body.isEmpty { text += "\n[\(name)]\n" + body }
        }
        return text
    }

    private func render(section name: String, verbose: Bool) -> String {
        var rest = sections[name] ?? [:]
        var text = ""
        for parameter in parameters where parameter.section == name {
            let entry = rest.removeValue(forKey: parameter.key)
            guard entry != nil || verbose else { continue }
            for line in Self.wrapped(parameter.help.lowercased(), width: 70) { text += "# \(line)\n" }
            text += entry.map { Self.line(parameter.key, $0.value) } ?? "#\(parameter.key) = None\n"
        }
        for (key, entry) in rest.sorted(by: { $0.key < $1.key }) where name != Self.global || Self.isSetting(key, entry) {
            text += Self.line(key, entry.value)
        }
        return text
    }

    /// Not every `ATOLL_NAME` of an environment is a setting (`ATOLL_STATE` is none); what a file says is kept, for plugins.
    private static func isSetting(_ key: String, _ entry: Entry) -> Bool {
        if case .environment = entry.source { Parameter.olderNames.contains(key) } else { true }
    }

    /// Further lines of a value are indented, or they would not be read as part of it.
    private static func line(_ key: String, _ value: String) -> String {
        "\(key) = " + value.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: "\n    ") + "\n"
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
