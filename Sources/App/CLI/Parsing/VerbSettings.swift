import ArgumentParser
import AtollModel
import AtollSettings

/// Options of a verb that its settings section provides: `[init] set_current = true`, `LAGO__INIT__SET_CURRENT=true`.
///
/// A key is the long option with underscores. Options on the command line win. A flag takes true or false; an option that may be
/// repeated takes one value per line. Global options may stand in a verb's section too.
struct VerbSettings {
    /// One option as a word for the parser, and its origin.
    struct Option: Equatable {
        var word: String
        var name: String
        var entry: Settings.Entry
    }

    private(set) var options: [Option] = []
    private(set) var warnings: [String] = []

    /// - Throws: `SettingsError` for a flag that is neither true nor false.
    init(_ line: CommandLineWords, _ settings: Settings) throws {
        let verb = line.verb.joined(separator: " ")
        guard !line.isInformation, let table = VerbOptions.table[verb], !verb.hasSuffix(" ") else { return }
        let section = VerbOptions.section(verb)
        let globals = ArgumentNormalizer.valued.union(ArgumentNormalizer.flags)
        let names = Dictionary(table.keys.map { (VerbOptions.section($0), $0) } + globals.map { (VerbOptions.section($0), $0) }) { own, _ in
            own
        }
        for (key, entry) in (settings.sections[section] ?? [:]).sorted(by: { $0.key < $1.key }) where entry.source != .builtIn {
            guard let name = names[key] else {
                let near = Spelling.suggestion(for: key, among: names.keys.sorted()).map { "; did you mean '\($0)'?" } ?? ""
                warnings.append("warning: \(entry.source): unknown option '\(key)' of '\(verb)', ignored\(near)")
                continue
            }
            guard !VerbOptions.overrides(line.given, name) else { continue }
            let kind = table[name] ?? (ArgumentNormalizer.flags.contains(name) ? .flag : .value)
            let values =
                switch kind {
                case .flag: try settings.flag(section: section, key: key) == true ? [""] : []
                case .value: entry.value.isEmpty ? [] : [entry.value]
                case .repeated: entry.value.split(whereSeparator: \.isNewline).map(String.init)
                }
            options += values.map { value in
                Option(word: kind == .flag ? "--\(name)" : "--\(name)=\(value)", name: name, entry: entry)
            }
        }
    }

    /// The words for the parser: options of the settings stand before those of the command line.
    func words(_ line: CommandLineWords, without left: Int? = nil) -> [String] {
        line.verb + line.globals + options.indices.filter { $0 != left }.map { options[$0].word } + line.rest
    }

    /// Parses the command line.
    /// - Throws: `UsageError` that names the setting if the value of one is invalid, or what the parser throws.
    func parse(_ line: CommandLineWords) throws -> any ParsableCommand {
        do {
            return try AtollCommand.parseAsRoot(words(line))
        } catch {
            guard AtollCommand.exitCode(for: error) == .validationFailure else { throw error }
            let message = AtollCommand.message(for: error)
            let culprit =
                options.indices.first { (try? AtollCommand.parseAsRoot(words(line, without: $0))) != nil }
                ?? options.indices.first { message.contains("'--\(options[$0].name) ") }
            guard let culprit else { throw error }
            let option = options[culprit]
            throw UsageError("\(option.entry.source): invalid value '\(option.entry.value)' for '--\(option.name)'\(Self.reason(message))")
        }
    }

    /// What the parser says after its own naming of the value and the option.
    private static func reason(_ message: String) -> String {
        let line = message.prefix { !$0.isNewline }
        return line.firstRange(of: ">': ").map { ": " + line[$0.upperBound...] } ?? ""
    }

    /// A line for each option of the settings that an error text mentions.
    func hints(for text: String) -> String {
        var shown: Set<String> = []
        return options.filter { text.contains("--\($0.name)") && !text.contains("\($0.entry.source)") && shown.insert($0.name).inserted }
            .map { "\nhint: '--\($0.name)' is set by \($0.entry.source)" }.joined()
    }
}
