import ArgumentParser
import AtollModel

/// Finds a mistyped verb before the parser does, which would only say that a word is unexpected.
enum VerbNames {
    /// Verbs and nouns, and below a noun its verbs.
    private static func known(after noun: String?) -> [String] {
        let keys = VerbOptions.table.keys
        guard let noun else { return Set(keys.map { String($0.prefix { $0 != " " }) }).union(["help"]).sorted() }
        return keys.filter { $0.hasPrefix(noun + " ") && $0 != noun + " " }.map { String($0.dropFirst(noun.count + 1)) }.sorted()
    }

    /// Verbs that scripts call by another name of the program; no list for people has them.
    private static var hidden: [String] {
        AtollCommand.configuration.subcommands.filter { !$0.configuration.shouldDisplay }.map { $0._commandName }
    }

    private static func isNoun(_ word: String) -> Bool { VerbOptions.table[word + " "] != nil }

    /// "" for a command line without a verb, a noun when its verb is missing; else nil.
    static func withoutVerb(_ words: [String]) -> String? {
        guard let first = words.first else { return "" }
        return words.count == 1 && isNoun(first) ? first : nil
    }

    /// - Throws: `UsageError` with what there is.
    static func check(_ words: [String]) throws {
        var words = words[...]
        if words.first == "help" { words = words.dropFirst() }
        if words == ["options"], words.startIndex > 0 { return }
        guard let first = words.first, !first.hasPrefix("-") else { return }
        try check(first, noun: nil)
        guard isNoun(first), let second = words.dropFirst().first, !second.hasPrefix("-") else { return }
        try check(second, noun: first)
    }

    private static func check(_ word: String, noun: String?) throws {
        let all = known(after: noun)
        guard !all.contains(word), !(noun != nil && word == "help") else { return }
        let whole = noun.map { "atoll \($0)" } ?? "atoll"
        let near = all.map { ($0, Spelling.distance(Array(word.utf8), Array($0.utf8))) }
            .filter { $0.1 <= 2 || $0.0.hasPrefix(word) }.min { $0.1 < $1.1 }?.0
        let shown = all.filter { noun != nil || !hidden.contains($0) }
        let hint = near.map { "did you mean: \(whole) \($0)" } ?? "there are: \(shown.joined(separator: ", "))"
        throw UsageError("\(whole) has no verb \"\(word)\"; \(hint). See: \(whole) --help")
    }
}
