import ArgumentParser

/// Help as it is printed: a verb's shows its own options, and says in a line where the global ones are, which are the same for all.
enum HelpText {
    private static let globals = "GLOBAL OPTIONS:\n"
    private static let pointer = "  Global options, before or after the verb: atoll help options"

    /// The parser's text with the section of global options folded into one line.
    static func folded(_ help: String) -> String {
        guard let begin = help.firstRange(of: globals) else { return help }
        let after = help[begin.upperBound...]
        let end = after.firstRange(of: "\n\n")?.upperBound ?? after.endIndex
        let rest = after[end...]
        var text = help[..<begin.lowerBound] + rest
        while text.last == "\n" { text.removeLast() }
        return text + "\n\n" + pointer + "\n"
    }

    /// `atoll help options`.
    static func options(columns: Int? = nil) -> String { OptionsTopic.helpMessage(includeHidden: true, columns: columns) }

    private struct OptionsTopic: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "options", abstract: "The options that every verb takes, before or after the verb.",
            usage: "atoll [OPTIONS] VERB …\natoll VERB [OPTIONS] …",
            discussion: """
                Any unique beginning of a long option will do. What is not given is taken from the environment (ATOLL_OUT_FORMAT=json), \
                then from ~/.config/atoll/atoll.conf.
                """)
        @OptionGroup(title: "Global options") var global: GlobalOptions
    }
}
