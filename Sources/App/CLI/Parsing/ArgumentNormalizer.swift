/// Brings a command line into the one order the parser knows: verb first, then flags, abbreviations written out.
///
/// Global flags may stand before or after the verb, and any unique beginning of a long option will do (`--workdir`), because scripts
/// written for Lago do both. What follows the VM's name in `shell` belongs to the guest and is never touched.
struct ArgumentNormalizer {
    /// Long global options that take a value, and those that do not.
    static let valued: Set<String> = [
        "out-format", "prefix-path", "workdir-path", "prefix-name", "loglevel", "logdepth", "accel", "jobs", "lease_dir", "libvirt_url",
        "libvirt-user", "libvirt-password", "ssh-user", "ssh-password", "ssh-tries", "ssh-timeout", "default_vm_type",
        "default_vm_provider", "default_root_password", "reposync-dir",
    ]
    static let flags: Set<String> = ["ignore-warnings"]
    /// Short global options; all take a value.
    static let short: [Character: String] = [
        "f": "out-format", "p": "prefix-path", "w": "workdir-path", "P": "prefix-name", "l": "loglevel", "j": "jobs",
    ]

    /// Long options of each verb beside the global ones: whether they take a value. A test holds this against the parser's own list.
    var verbs: [String: [String: Bool]]

    /// The same command line, normalised.
    func normalize(_ arguments: [String]) -> [String] {
        var moved: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            guard argument.hasPrefix("-"), argument != "-", argument != "--" else { break }
            guard let taken = takeGlobal(arguments, at: index) else {
                // Not ours: --help, --version, --generate-completion-script or a mistake; the parser knows what to say.
                return moved + arguments[index...]
            }
            moved += taken
            index += consumed(arguments, at: index)
        }
        guard index < arguments.count else { return moved }
        var words = [arguments[index]]
        index += 1
        // A noun has its verb after it.
        if verbs["\(words[0]) "] != nil, index < arguments.count, !arguments[index].hasPrefix("-") {
            words.append(arguments[index])
            index += 1
        }
        let verb = words.joined(separator: " ")
        var rest: [String] = []
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "--" {
                rest += arguments[index...]
                break
            }
            if verb == "shell" || verb == "run", !argument.hasPrefix("-") {
                rest += arguments[index...]
                break
            }
            if let taken = takeGlobal(arguments, at: index, verb: verb) {
                moved += taken
                index += consumed(arguments, at: index, verb: verb)
            } else {
                rest.append(expand(argument, among: verbs[verb] ?? [:]))
                index += 1
            }
        }
        return words + moved + rest
    }

    /// The normal form of the global option at `index`, or nil when there is none.
    private func takeGlobal(_ arguments: [String], at index: Int, verb: String = "") -> [String]? {
        let argument = arguments[index]
        if argument.hasPrefix("--") {
            let (name, value) = split(argument)
            guard let option = resolve(name, verb: verb) else { return nil }
            if Self.flags.contains(option) { return ["--\(option)"] }
            if let value { return ["--\(option)=\(value)"] }
            return index + 1 < arguments.count ? ["--\(option)", arguments[index + 1]] : ["--\(option)"]
        }
        guard argument.hasPrefix("-"), let letter = argument.dropFirst().first, let option = Self.short[letter] else { return nil }
        let attached = argument.dropFirst(2)
        if !attached.isEmpty { return ["--\(option)", attached.hasPrefix("=") ? String(attached.dropFirst()) : String(attached)] }
        return index + 1 < arguments.count ? ["--\(option)", arguments[index + 1]] : ["--\(option)"]
    }

    private func consumed(_ arguments: [String], at index: Int, verb: String = "") -> Int {
        let argument = arguments[index]
        if argument.hasPrefix("--") {
            let (name, value) = split(argument)
            let option = resolve(name, verb: verb) ?? ""
            return value != nil || Self.flags.contains(option) ? 1 : 2
        }
        return argument.count > 2 ? 1 : 2
    }

    /// The global option that `name` is or begins; nil when it is none, several, or an option of the verb.
    private func resolve(_ name: String, verb: String) -> String? {
        let all = Self.valued.union(Self.flags)
        if verbs[verb]?[name] != nil { return nil }
        if all.contains(name) { return name }
        guard name.count > 1, !(verbs[verb] ?? [:]).keys.contains(where: { $0.hasPrefix(name) }), !"help".hasPrefix(name) else {
            return nil
        }
        let matches = all.filter { $0.hasPrefix(name) }
        return matches.count == 1 ? matches.first : nil
    }

    private func expand(_ argument: String, among options: [String: Bool]) -> String {
        guard argument.hasPrefix("--"), argument.count > 3 else { return argument }
        let (name, value) = split(argument)
        let matches = options.keys.filter { $0.hasPrefix(name) }
        guard options[name] == nil, matches.count == 1, let full = matches.first else { return argument }
        return "--\(full)" + (value.map { "=\($0)" } ?? "")
    }

    private func split(_ argument: String) -> (name: String, value: String?) {
        let body = argument.dropFirst(2)
        guard let equals = body.firstIndex(of: "=") else { return (String(body), nil) }
        return (String(body[..<equals]), String(body[body.index(after: equals)...]))
    }
}
