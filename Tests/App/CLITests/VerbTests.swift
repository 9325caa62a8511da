import AtollCommands
import ArgumentParser
import AtollPlatform
import Foundation
import Testing

@testable import AtollCLI

/// What the parser itself says of every verb.
private struct Dump: Decodable {
    struct Name: Decodable {
        var kind: String
        var name: String
    }
    struct Argument: Decodable {
        var kind: String
        var isRepeating: Bool
        var names: [Name]?
    }
    struct Command: Decodable {
        var commandName: String
        var arguments: [Argument]?
        var subcommands: [Command]?
    }
    var command: Command

    static func load() throws -> Command { try JSONDecoder().decode(Dump.self, from: Data(AtollCommand._dumpHelp().utf8)).command }

    /// Verb (noun and verb) to its options: whether they take a value.
    static func options() throws -> [String: [String: VerbOptions.Kind]] {
        var result: [String: [String: VerbOptions.Kind]] = [:]
        func add(_ command: Command, _ words: [String]) {
            for inner in command.subcommands ?? [] where inner.commandName != "help" { add(inner, words + [inner.commandName]) }
            guard !words.isEmpty else { return }
            let isNoun = command.subcommands?.isEmpty == false
            var options: [String: VerbOptions.Kind] = [:]
            for argument in command.arguments ?? [] where argument.kind != "positional" {
                for name in argument.names ?? [] where name.kind == "long" {
                    options[name.name] = argument.kind == "flag" ? .flag : argument.isRepeating ? .repeated : .value
                }
            }
            result[words.joined(separator: " ") + (isNoun ? " " : "")] = options
        }
        add(try load(), [])
        return result
    }
}

@Suite struct VerbOptionsTests {
    @Test func theNormalizersTablesAreTheParsersOwn() throws {
        let valued = ArgumentNormalizer.valued
        let flags = ArgumentNormalizer.flags
        let all = try Dump.options()
        #expect(Set(all.keys) == Set(VerbOptions.table.keys))
        for (verb, options) in all {
            let own = options.filter { !["help", "version"].contains($0.key) && !valued.contains($0.key) && !flags.contains($0.key) }
            #expect(VerbOptions.table[verb] == own, "\(verb)")
            guard !verb.hasSuffix(" ") else { continue }
            for name in valued { #expect(options[name] == .value, "--\(name) of \(verb)") }
            for name in flags { #expect(options[name] == .flag, "--\(name) of \(verb)") }
        }
    }

    @Test func theShortGlobalFlagsAreTheParsersOwn() throws {
        let status = try #require(try Dump.load().subcommands?.first { $0.commandName == "status" })
        var short: [Character: String] = [:]
        for argument in status.arguments ?? [] {
            guard let letter = argument.names?.first(where: { $0.kind == "short" })?.name.first, letter != "h" else { continue }
            short[letter] = argument.names?.first { $0.kind == "long" }?.name
        }
        #expect(short == ArgumentNormalizer.short)
    }
}

@Suite struct VerbNamesTests {
    @Test(arguments: [
        ("stat", "did you mean: atoll start"), ("statsu", "did you mean: atoll status"), ("xyzzy", "there are: "),
        ("template lst", "did you mean: atoll template list"), ("help destory", "did you mean: atoll destroy"),
    ])
    func aMistypedVerbIsNamed(_ line: String, _ expected: String) {
        let error = #expect(throws: UsageError.self) { try VerbNames.check(line.split(separator: " ").map(String.init)) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func whatOnlyScriptsCallIsInNoList() throws {
        let error = #expect(throws: UsageError.self) { try VerbNames.check(["xyzzy"]) }
        #expect(error?.description.contains("taskotron_result") == false && error?.description.contains("runtask") == true)
        try VerbNames.check(["taskotron_result"])
    }

    @Test(arguments: [
        "status", "help start", "template list --out-format json", "help template build", "--version", "template --help", "help",
    ])
    func whatThereIsPasses(_ line: String) throws { try VerbNames.check(line.split(separator: " ").map(String.init)) }

    @Test func aMissingVerbIsSeen() {
        #expect(VerbNames.withoutVerb([]) == "" && VerbNames.withoutVerb(["template"]) == "template")
        #expect(VerbNames.withoutVerb(["status"]) == nil && VerbNames.withoutVerb(["template", "list"]) == nil)
    }
}

@Suite struct WordsTests {
    @Test func commandsToTypeSurviveAShell() {
        #expect(ShellWord.joined(["atoll", "--workdir-path", "/a b/it's", "x.y-z"]) == "atoll --workdir-path '/a b/it'\\''s' x.y-z")
        #expect(ShellWord.joined(["run", "--keep-for=2h", "a=b"]) == "run --keep-for=2h a=b")
        #expect(ShellWord.joined(["a=b", "=c"]) == "'a=b' =c")
        #expect(ShellWord.joined(["ssh", "-o", "UserKnownHostsFile=/a/b"]) == "ssh -o UserKnownHostsFile=/a/b")
        #expect(ShellWord.joined([""]) == "''")
    }

    @Test(arguments: [
        (["vm-a", "--", "ls", "-l"], ["ls", "-l"]), (["vm-a", "--", "--", "x"], ["--", "x"]),
        (["vm-a", "-c", "a -- b"], ["-c", "a -- b"]),
        (["vm-a", "ls", "--", "x"], ["ls", "--", "x"]), (["vm-a"], []),
    ])
    func theGuestGetsItsWordsWithoutAFirstDoubleDash(_ words: [String], _ expected: [String]) throws {
        #expect(
            try ShellVerb.parse(Array(ArgumentNormalizer().parse(["shell"] + words).words.dropFirst()))
                .guestWords == expected)
    }

    @Test func numbersAreBounded() {
        #expect(Positive(argument: "5")?.value == 5)
        for text in ["0", "-3", "x", "", "1e3", "9223372036854775807", "99999999999999999999"] {
            #expect(Positive(argument: text) == nil, "\(text)")
        }
    }
}
