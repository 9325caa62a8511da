import AtollSettings
package import AtollModel

extension TaskSettings {
    /// What was read, and what was found on the way.
    package struct Loaded: Sendable, Equatable {
        package var settings: TaskSettings
        /// In the order found.
        package var warnings: [Diagnostic]
        /// The file that was read.
        package var file: String?
        /// Said where no file was found and one would have been read.
        package var absence: Diagnostic?
    }

    /// Directories of configuration files, the most important first; of each file the first one found is read, and no other.
    /// `sourceDirectory` is a checkout of the product's source, where there is one.
    package static func folders(user: TaskUser, sourceDirectory: String?) -> [String] {
        [sourceDirectory.map { $0 + "/conf" }, user.configHome + "/taskotron", "/etc/taskotron"].compactMap(\.self)
    }

    /// The first file of that name (`namespaces.yaml`), its path and text; nil when there is none. The testing profile's callers do not ask.
    package static func find(
        _ name: String, user: TaskUser, sourceDirectory: String?, readFile: (String) throws(InvalidInput) -> String? = read
    ) throws(InvalidInput) -> (path: String, text: String)? {
        for folder in folders(user: user, sourceDirectory: sourceDirectory) {
            if let text = try readFile("\(folder)/\(name)") { return ("\(folder)/\(name)", text) }
        }
        return nil
    }

    /// Reads the configuration. Throws every error of the file and the environment at once.
    /// - Parameter isLenient: for verbs that only look where things are: errors become warnings, and what cannot be used is not.
    package static func load(
        environment: [String: String], user: TaskUser, sourceDirectory: String? = nil, isLenient: Bool = false,
        readFile: (String) throws(InvalidInput) -> String? = read
    ) throws(InvalidInput) -> Loaded {
        var errors: [Diagnostic] = []
        var warnings: [Diagnostic] = []
        let named = environment["TASKOTRON_PROFILE"].flatMap { $0.isEmpty ? nil : $0 }
        let profile = named.flatMap(Profile.init(rawValue:))
        if let named, profile == nil { errors.append(fault("profile", "environment", nil, "found the text \"\(named)\"", .error)) }

        var document: TaskSettingsDocument?
        var absence: Diagnostic?
        if profile != .testing {
            do throws(InvalidInput) {
                if let found = try find(fileName, user: user, sourceDirectory: sourceDirectory, readFile: readFile) {
                    document = try TaskSettingsDocument(found.text, file: found.path)
                } else {
                    let places = folders(user: user, sourceDirectory: sourceDirectory).joined(separator: ", ")
                    absence = Diagnostic(
                        .warning, file: fileName, position: nil, message: "not found in \(places); the defaults are used")
                }
            } catch {
                guard isLenient else { throw error }
                errors += error.diagnostics
            }
        }
        let written = document?.entries.first { $0.key == "profile" }
        var settings = TaskSettings(user: user)
        if let written, let document, let problem = settings.assign(written, in: document.file) { errors.append(problem) }
        let sources = settings.sources
        settings = TaskSettings(profile: profile ?? settings.profile, user: user)
        settings.sources = named == nil ? sources : ["profile": .environment("TASKOTRON_PROFILE")]
        if let document, settings.profile == .testing {
            warnings.append(
                Diagnostic(
                    .warning, file: document.file, position: written?.position, path: .keys("profile"),
                    message: "the testing profile takes nothing from files; the other keys are ignored"))
        } else if let document {
            for entry in document.entries where entry.key != "profile" {
                guard TaskOption.named(entry.key) != nil else {
                    warnings.append(unknown(entry.key, file: document.file, position: entry.position))
                    continue
                }
                if let problem = settings.assign(entry, in: document.file) {
                    if problem.severity == .error { errors.append(problem) } else { warnings.append(problem) }
                }
            }
        }
        for variable in environment.keys.sorted() where variable.hasPrefix(prefix) && variable != "TASKOTRON_PROFILE" {
            let key = variable.dropFirst(prefix.count).lowercased()
            guard TaskOption.named(key) != nil else {
                warnings.append(unknown(key, file: "environment", position: nil, written: variable))
                continue
            }
            guard let text = environment[variable], !text.isEmpty else {
                warnings.append(
                    Diagnostic(.warning, file: "environment", position: nil, message: "\(variable) is set to nothing, ignored"))
                continue
            }
            if let problem = settings.set(key, to: text, from: .environment(variable)) {
                if problem.severity == .error { errors.append(problem) } else { warnings.append(problem) }
            }
        }
        if settings.vaultEnabled {
            var (file, key, place) = ("environment", prefix + "VAULT_ENABLED", SourcePosition?.none)
            if case .file = settings.source(of: "vault_enabled"), let document {
                (file, key) = (document.file, "vault_enabled")
                place = document.entries.first { $0.key == key }?.position
            }
            warnings.append(
                Diagnostic(
                    .warning, file: file, position: place, path: .keys(key),
                    message: "no vault is asked here yet; tasks get none of the secrets they may expect"))
        }
        guard errors.isEmpty || isLenient else { throw InvalidInput(errors) }
        warnings = errors.map(ignored) + warnings
        return Loaded(settings: settings, warnings: warnings, file: document?.file, absence: absence)
    }

    /// The name of the configuration file.
    package static let fileName = "taskotron.yaml"
    static let prefix = "TASKOTRON_"

    /// The text of a file; nil when there is none. Throws when there is one that cannot be read.
    package static func read(_ path: String) throws(InvalidInput) -> String? { try ConfigurationText.read(path) }

    /// An error as the warning it is to a verb that goes on without what is wrong.
    private static func ignored(_ error: Diagnostic) -> Diagnostic {
        var warning = error
        warning.severity = .warning
        warning.message += error.path.components.isEmpty ? "; nothing of the file is used" : "; ignored"
        return warning
    }

    private static func unknown(_ key: String, file: String, position: SourcePosition?, written: String? = nil) -> Diagnostic {
        let hint = closest(to: key).map { "; did you mean `\(written == nil ? $0 : prefix + $0.uppercased())`?" } ?? ""
        return Diagnostic(
            .warning, file: file, position: position, path: .keys(written ?? key), message: "unknown option, ignored\(hint)")
    }

    /// The key somebody probably meant: at most a third of it differs.
    static func closest(to word: String) -> String? {
        var best: (key: String, distance: Int)?
        for option in TaskOption.all {
            let distance = distance(Array(word.lowercased().utf8.prefix(64)), Array(option.key.utf8))
            if distance < best?.distance ?? .max { best = (option.key, distance) }
        }
        return best.flatMap { $0.distance <= max(1, min(word.utf8.count, $0.key.utf8.count) / 3) ? $0.key : nil }
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices { row.append(min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)) }
            last = row
        }
        return last[b.count]
    }
}
