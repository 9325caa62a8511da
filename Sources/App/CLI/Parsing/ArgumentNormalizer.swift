import AtollModel
import AtollSettings

/// A command line in the order that the parser expects: verb, global options, the verb's options and arguments.
struct CommandLineWords: Equatable {
    /// The verb, or noun and verb; empty if there is none.
    var verb: [String] = []
    /// Global options, as `--NAME=VALUE` or `--NAME`.
    var globals: [String] = []
    /// The verb's options, written out, and its arguments.
    var rest: [String] = []
    /// Long names of the options on the command line, global and of the verb; flags turned off by `--no-NAME` too.
    var given: Set<String> = []
    /// Help, version or a completion script is requested: no verb runs.
    var isInformation = false

    var words: [String] { verb + globals + rest }
}

/// Parses the options of a command line, as far as needed to sort them: global options may stand before or after the verb, and any
/// unique beginning of a long option selects it, as in Lago. Arguments after the VM of `shell` and the image of `run` are not touched.
struct ArgumentNormalizer {
    /// Long global options that take a value.
    static let valued = Set(GlobalSetting.all.filter { $0.kind != .flag }.map(\.name))
    /// Long global options that take no value.
    static let flags = Set(GlobalSetting.all.filter { $0.kind == .flag }.map(\.name))
    /// Short global options; all take a value.
    static let short = Dictionary(
        GlobalSetting.all.compactMap { setting in setting.short.map { ($0, setting.name) } }, uniquingKeysWith: { first, _ in first })
    /// Options of the parser itself: whether they take a value.
    private static let information = [
        "help": false, "help-hidden": false, "version": false, "generate-completion-script": true, "experimental-dump-help": false,
    ]

    /// Options of each verb beside the global ones.
    var verbs: [String: [String: VerbOptions.Kind]] = VerbOptions.table

    /// - Throws: `UsageError` for an unknown or ambiguous option, a missing or an unexpected value.
    func parse(_ arguments: [String]) throws -> CommandLineWords {
        // A shell asks for completions: the rest is a command line that is not complete yet.
        if arguments.first == "---completion" { return CommandLineWords(rest: arguments, isInformation: true) }
        var cursor = Cursor(arguments: arguments[...])
        var line = CommandLineWords()
        try takeGlobals(&cursor, &line)
        if line.isInformation { return line }
        if cursor.arguments.first == "--" { cursor.arguments.removeFirst() }
        guard let first = cursor.arguments.popFirst() else { return line }
        line.verb = [first]
        if verbs["\(first) "] != nil {
            try takeGlobals(&cursor, &line, noun: first)
            if let next = cursor.arguments.first, !next.hasPrefix("-"), !line.isInformation {
                line.verb.append(next)
                cursor.arguments.removeFirst()
            }
        }
        let verb = line.verb.joined(separator: " ")
        // The parser's own `help` takes verbs only.
        if first == "help" { return try help(&cursor) }
        guard let options = verbs[verb] else {
            line.rest += cursor.arguments
            return line
        }
        while let argument = cursor.arguments.first {
            if argument == "--" || (verb == "shell" || verb == "run") && !argument.isOption {
                line.rest += cursor.arguments
                break
            }
            cursor.arguments.removeFirst()
            guard argument.isOption else {
                line.rest.append(argument)
                continue
            }
            try take(argument, verb: verb, options, &cursor, &line)
        }
        return line
    }

    private struct Cursor {
        var arguments: ArraySlice<String>
    }

    /// `help [VERB…]`, without the global options around the verb.
    private func help(_ cursor: inout Cursor) throws -> CommandLineWords {
        var line = CommandLineWords(verb: ["help"], isInformation: true)
        while !cursor.arguments.isEmpty {
            var ignored = CommandLineWords()
            try takeGlobals(&cursor, &ignored)
            if let word = cursor.arguments.popFirst(), word != "--" { line.rest.append(word) }
        }
        return line
    }

    /// Takes global options up to the next argument, or up to a request for information.
    private func takeGlobals(_ cursor: inout Cursor, _ line: inout CommandLineWords, noun: String = "") throws {
        while let argument = cursor.arguments.first, argument.isOption {
            cursor.arguments.removeFirst()
            try take(argument, verb: noun.isEmpty ? "" : noun + " ", [:], &cursor, &line)
            if line.isInformation {
                // Nothing runs: only the request itself counts.
                line.globals = []
                if noun.isEmpty { line.rest += cursor.arguments }
                return
            }
        }
    }

    /// Takes one option and its value.
    private func take(
        _ argument: String, verb: String, _ options: [String: VerbOptions.Kind], _ cursor: inout Cursor, _ line: inout CommandLineWords
    ) throws {
        guard let option = try resolve(argument, verb: verb, options) else {
            // The parser knows combined short options.
            line.rest.append(argument)
            return
        }
        if option.isInformation {
            line.isInformation = true
            line.rest.append(argument.hasPrefix("--") ? "--\(option.name)" + (option.value.map { "=\($0)" } ?? "") : argument)
            return
        }
        var word = "--\(option.name)"
        if option.takesValue {
            guard let value = option.value ?? nextValue(of: option.name, &cursor) else {
                throw UsageError("missing value for option '--\(option.name)'\nhint: \(Self.helpCommand(verb))")
            }
            word += "=\(value)"
        } else if option.value != nil {
            throw UsageError("option '--\(option.name)' takes no value\nhint: \(Self.helpCommand(verb))")
        }
        line.given.insert(option.name)
        if option.isGlobal { return line.globals.append(word) }
        // The last of `--NAME` and `--no-NAME` wins.
        line.rest.removeAll { $0 == "--\(option.name)" && !option.takesValue }
        if !option.isNegation { line.rest.append(word) }
    }

    private func nextValue(of option: String, _ cursor: inout Cursor) -> String? {
        guard let next = cursor.arguments.first, next != "--", !next.isOption || Int(next) != nil else { return nil }
        return cursor.arguments.popFirst()
    }

    private struct Option {
        var name: String
        var value: String?
        var takesValue = true
        var isGlobal = false
        var isNegation = false
        var isInformation = false
    }

    /// The option that an argument selects, and the value attached to it.
    /// - Returns: nil for short options that only the parser can split.
    private func resolve(_ argument: String, verb: String, _ options: [String: VerbOptions.Kind]) throws -> Option? {
        guard argument.hasPrefix("--") else { return try resolveShort(argument, verb: verb, options) }
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (typed, value) = (parts[0], parts.count > 1 ? parts[1] : nil)
        let name = Self.canonical(typed)
        let names = Array(options.keys) + Self.valued + Self.flags + Self.information.keys
        if let exact = names.first(where: { Self.canonical($0) == name }) { return option(exact, value, options) }
        if name.hasPrefix("no-"), let flag = options.keys.first(where: { $0 == name.dropFirst(3) && options[$0] == .flag }) {
            return Option(name: flag, value: value, takesValue: false, isNegation: true)
        }
        let candidates = names.filter { Self.canonical($0).hasPrefix(name) && $0 != "experimental-dump-help" && $0 != "help-hidden" }
        if candidates.count == 1, !name.isEmpty { return option(candidates[0], value, options) }
        guard candidates.isEmpty else {
            throw UsageError("ambiguous option '--\(typed)': \(candidates.sorted().map { "--" + $0 }.joined(separator: ", "))")
        }
        throw unknown("--\(typed)", verb: verb, names)
    }

    private func option(_ name: String, _ value: String?, _ options: [String: VerbOptions.Kind]) -> Option {
        if let kind = options[name] { return Option(name: name, value: value, takesValue: kind != .flag) }
        if let takesValue = Self.information[name] { return Option(name: name, value: value, takesValue: takesValue, isInformation: true) }
        return Option(name: name, value: value, takesValue: Self.valued.contains(name), isGlobal: true)
    }

    private func resolveShort(_ argument: String, verb: String, _ options: [String: VerbOptions.Kind]) throws -> Option? {
        guard let letter = argument.dropFirst().first else { return nil }
        let attached = String(argument.dropFirst(2))
        if letter == "h", attached.isEmpty { return Option(name: "help", takesValue: false, isInformation: true) }
        guard let name = VerbOptions.short[verb]?[letter] ?? Self.short[letter] else {
            throw unknown("-\(letter)", verb: verb, [])
        }
        let value = attached.isEmpty ? nil : attached.hasPrefix("=") ? String(attached.dropFirst()) : attached
        let found = option(name, value, options)
        return found.takesValue || value == nil ? found : nil
    }

    private func unknown(_ option: String, verb: String, _ names: [String]) -> UsageError {
        let near = Spelling.suggestion(for: String(option.drop { $0 == "-" }), among: names.sorted())
        let owners = verbs.filter { $0.value[Self.canonical(String(option.dropFirst(2)))] != nil }.keys.sorted()
        let place = verb.isEmpty ? "" : " of '\(verb.last == " " ? String(verb.dropLast()) : verb)'"
        let hint =
            near.map { "did you mean '--\($0)'?" }
            ?? (verb.isEmpty && !owners.isEmpty
                ? "after the verb, it is an option of: \(owners.joined(separator: ", "))" : Self.helpCommand(verb))
        return UsageError("unknown option '\(option)'\(place)\nhint: \(hint)")
    }

    private static func helpCommand(_ verb: String) -> String {
        verb.isEmpty ? "atoll help options" : "atoll \(verb.last == " " ? String(verb.dropLast()) : verb) --help"
    }

    /// `-` and `_` are the same in option names.
    private static func canonical(_ name: String) -> String { String(name.map { $0 == "_" ? "-" : $0 }) }
}

extension String {
    /// Whether it begins as an option does; `-` alone and `--` do not.
    fileprivate var isOption: Bool { hasPrefix("-") && self != "-" && self != "--" }
}
