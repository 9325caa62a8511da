/// The options of every verb beside the global ones. The tables are generated from the parser's own description.
enum VerbOptions {
    enum Kind: Sendable {
        /// Takes no value.
        case flag
        case value
        /// Takes a value and may be given several times.
        case repeated
    }

    /// The key of a verb's settings section: `template_build`.
    static func section(_ verb: String) -> String { String(verb.map { $0 == " " || $0 == "-" ? "_" : $0 }) }

    /// Options of which one excludes the others: giving one on the command line overrides settings for all.
    private static let exclusive: [Set<String>] = [
        ["local", "libvirt", "ssh"], ["template-repo-path", "template-repo-name"], ["push", "no-push"], ["no-destroy", "keep-on"],
    ]

    /// Whether an option on the command line overrides a setting of `option`.
    static func overrides(_ given: Set<String>, _ option: String) -> Bool {
        given.contains(option) || exclusive.contains { $0.contains(option) && !$0.isDisjoint(with: given) }
    }
}
