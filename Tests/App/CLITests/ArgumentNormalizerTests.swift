import AtollSettings
import Testing

@testable import AtollCLI

@Suite struct ArgumentNormalizerTests {
    private let normalizer = ArgumentNormalizer()

    private func words(_ typed: String) throws -> String {
        try normalizer.parse(typed.split(separator: " ").map(String.init)).words.joined(separator: " ")
    }

    @Test(arguments: [
        ("-f json status", "status --out-format=json"),
        ("status -f json", "status --out-format=json"),
        ("-fjson status", "status --out-format=json"),
        ("--workdir /w list", "list --workdir-path=/w"),
        ("--workdir=/w destroy --yes --all-prefixes", "destroy --workdir-path=/w --yes --all-prefixes"),
        ("destroy --all", "destroy --all-prefixes"),
        ("-w/w status", "status --workdir-path=/w"),
        ("--ignore-warnings status", "status --ignore-warnings"),
        ("init --template-repo-p x.json w f", "init --template-repo-path=x.json w f"),
        ("-f json template list", "template list --out-format=json"),
        ("template -f json list", "template list --out-format=json"),
        ("--help", "--help"),
        ("--prefix-name x init --dry-run a b", "init --prefix-name=x --dry-run a b"),
        ("--libvirt_url x --lease_dir=y status", "status --libvirt-url=x --lease-dir=y"),
        ("--logdepth -1 status", "status --logdepth=-1"),
        ("run --count 10 -j 2 tiny -- ls -l", "run --jobs=2 --count=10 tiny -- ls -l"),
        ("logs -n5 vm", "logs --lines=5 vm"),
        ("logs -n 5 vm", "logs --lines=5 vm"),
        ("init --no-set-current w f", "init w f"),
        ("init --set-current --no-set-current --set-current w f", "init --set-current w f"),
        ("run --no-push tiny x", "run --no-push tiny x"),
        ("validate -", "validate -"),
        ("runtask -dn x.yml", "runtask -dn x.yml"),
    ])
    func oneOrder(_ typed: String, _ expected: String) throws { #expect(try words(typed) == expected) }

    @Test func theTailOfShellIsUntouched() throws {
        let tail = ["vm-a", "-c", "ls -l", "--workdir", "-f", "--", "x"]
        #expect(try normalizer.parse(["shell", "-f", "json"] + tail).words == ["shell", "--out-format=json"] + tail)
    }

    /// Every global option without a verb: no verb, no error.
    @Test func globalOptionsNeedNoVerb() throws {
        for name in ArgumentNormalizer.valued {
            #expect(try normalizer.parse(["--\(name)", "x"]).verb.isEmpty)
            #expect(try normalizer.parse(["--\(name)=x"]).given == [name])
            #expect(throws: UsageError.self) { try normalizer.parse(["--\(name)"]) }
            #expect(throws: UsageError.self) { try normalizer.parse(["--\(name)", "--", "status"]) }
        }
        for name in ArgumentNormalizer.flags {
            #expect(try normalizer.parse(["--\(name)"]).verb.isEmpty)
            #expect(throws: UsageError.self) { try normalizer.parse(["--\(name)=x"]) }
        }
        for letter in ArgumentNormalizer.short.keys {
            #expect(try normalizer.parse(["-\(letter)", "x"]).verb.isEmpty && normalizer.parse(["-\(letter)x"]).verb.isEmpty)
        }
        #expect(try normalizer.parse(["--"]).verb.isEmpty)
    }

    @Test(arguments: [
        ("-w . --version", "--version"), ("-f json -h", "-h"), ("-f json --help status", "--help status"),
        ("-f json help status", "help status"),
        ("help -f json template list", "help template list"), ("help status -f json", "help status"), ("-w . --ver", "--version"),
        ("-f json --generate-completion-script=bash", "--generate-completion-script=bash"),
        ("--generate-completion-script bash", "--generate-completion-script bash"),
        ("-f json template --help", "template --help"), ("-f json template list --help", "template list --out-format=json --help"),
    ])
    func globalOptionsDoNotDisturbHelpAndVersion(_ typed: String, _ expected: String) throws {
        let line = try normalizer.parse(typed.split(separator: " ").map(String.init))
        #expect(line.words.joined(separator: " ") == expected && line.isInformation)
    }

    @Test(arguments: [
        ("--lib qemu:///system", "ambiguous option '--lib': --libvirt-password, --libvirt-url, --libvirt-user"),
        ("--lib=qemu:///system status", "ambiguous option '--lib': --libvirt-password, --libvirt-url, --libvirt-user"),
        ("status --lib x", "ambiguous option '--lib': --libvirt-password, --libvirt-url, --libvirt-user"),
        ("init --skip", "ambiguous option '--skip': --skip-bootstrap, --skip-build"),
        ("init --template-repo x", "ambiguous option '--template-repo': --template-repo-name, --template-repo-path, --template-repos"),
        ("--ssh-t 5 status", "ambiguous option '--ssh-t': --ssh-timeout, --ssh-tries"),
        (
            "up --s",
            "ambiguous option '--s': --set-current, --skip-bootstrap, --skip-build, --ssh-password, --ssh-timeout, --ssh-tries, --ssh-user"
        ),
        ("status --lbivirt-user x", "unknown option '--lbivirt-user' of 'status'\nhint: did you mean '--libvirt-user'?"),
        ("--workdri-path x", "unknown option '--workdri-path'\nhint: did you mean '--workdir-path'?"),
        ("init --set-curent", "unknown option '--set-curent' of 'init'\nhint: did you mean '--set-current'?"),
        ("status --xyzzy", "unknown option '--xyzzy' of 'status'\nhint: atoll status --help"),
        ("template list --xyzzy=1", "unknown option '--xyzzy' of 'template list'\nhint: atoll template list --help"),
        ("--set-current init", "unknown option '--set-current'\nhint: after the verb, it is an option of: init, up"),
        ("-x status", "unknown option '-x'\nhint: atoll help options"),
        ("status -x", "unknown option '-x' of 'status'\nhint: atoll status --help"),
        ("--out-format", "missing value for option '--out-format'\nhint: atoll help options"),
        ("wait --timeout", "missing value for option '--timeout'\nhint: atoll wait --help"),
        ("wait --timeout --ignore-warnings", "missing value for option '--timeout'\nhint: atoll wait --help"),
        ("init --dry-run=yes", "option '--dry-run' takes no value\nhint: atoll init --help"),
    ])
    func mistakesAreNamed(_ typed: String, _ expected: String) {
        let error = #expect(throws: UsageError.self) { try words(typed) }
        #expect(error?.description == expected)
    }

    @Test func completionRequestsAreNotTouched() throws {
        let typed = ["---completion", "shell", "--", "vm", "3", "0", "atoll", "--workdir", "w", "-f", "shell", ""]
        let line = try normalizer.parse(typed)
        #expect(line.words == typed && line.isInformation)
    }

    /// Every beginning of every option of every verb selects that option or lists the candidates.
    @Test func everyBeginningIsUniqueOrAmbiguous() throws {
        let globals = ArgumentNormalizer.valued.union(ArgumentNormalizer.flags).union(["help", "version", "generate-completion-script"])
        for (verb, options) in VerbOptions.table where !verb.hasSuffix(" ") {
            let names = Set(options.keys).union(globals)
            for name in options.keys {
                for length in 1..<name.count {
                    let start = String(name.prefix(length))
                    let candidates = names.filter { $0.hasPrefix(start) }
                    let typed = verb.split(separator: " ").map(String.init) + ["--\(start)" + (options[name] == .flag ? "" : "=x")]
                    let found = Result { try normalizer.parse(typed) }
                    if candidates.count == 1 || candidates.contains(start) {
                        #expect(throws: Never.self) { try found.get() }
                    } else {
                        let error = #expect(throws: UsageError.self) { try found.get() }
                        for candidate in candidates { #expect(error?.description.contains("--\(candidate)") == true) }
                    }
                }
            }
        }
    }
}

/// Settings sections of verbs: `[init] set_current = true`, `LAGO__INIT__SET_CURRENT=true`.
@Suite struct VerbSettingsTests {
    private func made(_ typed: String, _ environment: [String: String] = [:], file: String = "") throws -> VerbSettings {
        let files = file.isEmpty ? [] : [Settings.File(path: "/etc/atoll.conf", text: file)]
        return try VerbSettings(
            ArgumentNormalizer().parse(typed.split(separator: " ").map(String.init)),
            Settings.merge(files: files, environment: environment).settings)
    }

    private func options(_ typed: String, _ environment: [String: String] = [:], file: String = "") throws -> [String] {
        try made(typed, environment, file: file).options.map(\.word)
    }

    /// Every option of every verb, by a variable and by a file.
    @Test func everyOptionCanBeSet() throws {
        for (verb, table) in VerbOptions.table where !verb.hasSuffix(" ") {
            for (name, kind) in table {
                let value = kind == .flag ? "true" : "v"
                let word = kind == .flag ? "--\(name)" : "--\(name)=v"
                let key = name.map { $0 == "-" ? "_" : String($0) }.joined()
                let section = VerbOptions.section(verb)
                for prefix in ["LAGO", "ATOLL"] {
                    #expect(try options(verb, ["\(prefix)__\(section.uppercased())__\(key.uppercased())": value]) == [word])
                }
                #expect(try options(verb, file: "[\(verb)]\n\(key) = \(value)\n") == [word])
                #expect(try options(verb, file: "[\(section)]\n\(name): \(value)\n") == [word])
                // The command line wins.
                #expect(try options("\(verb) \(kind == .flag ? word : "--\(name)=w")", file: "[\(verb)]\n\(key) = \(value)\n") == [])
                if kind == .flag, table["no-\(name)"] == nil {
                    #expect(try options("\(verb) --no-\(name)", file: "[\(verb)]\n\(key) = true\n") == [])
                }
                if kind == .flag {
                    for word in ["false", "no", "off", "0"] { #expect(try options(verb, file: "[\(verb)]\n\(key) = \(word)\n") == []) }
                }
            }
        }
    }

    @Test func oneVerbsSectionDoesNotReachAnother() throws {
        #expect(try options("up", ["LAGO__INIT__SET_CURRENT": "true"]) == [])
        #expect(try options("template", ["LAGO__INIT__SET_CURRENT": "true"]) == [])
        #expect(try options("init --help", ["LAGO__INIT__SET_CURRENT": "true"]) == [])
    }

    @Test func repeatedOptionsTakeALineEach() throws {
        #expect(try options("run", file: "[run]\nexclude =\n  .git\n  *.o\n") == ["--exclude=.git", "--exclude=*.o"])
        #expect(try options("run", ["ATOLL__RUN__EXCLUDE": "a\nb"]) == ["--exclude=a", "--exclude=b"])
        #expect(try options("run --exclude=c", ["ATOLL__RUN__EXCLUDE": "a"]) == [])
    }

    @Test func anOptionThatExcludesASettingWins() throws {
        #expect(try options("runtask --local", ["LAGO__RUNTASK__LIBVIRT": "true"]) == [])
        #expect(try options("run --push .", ["LAGO__RUN__NO_PUSH": "true"]) == [])
        #expect(try options("init --template-repo-name x", ["LAGO__INIT__TEMPLATE_REPO_PATH": "p"]) == [])
    }

    @Test func globalOptionsCanBeSetForOneVerb() throws {
        #expect(try options("status", ["ATOLL__STATUS__OUT_FORMAT": "json"]) == ["--out-format=json"])
        #expect(try options("status -f default", ["ATOLL__STATUS__OUT_FORMAT": "json"]) == [])
        #expect(try options("status", file: "[status]\nignore_warnings = yes\n") == ["--ignore-warnings"])
    }

    @Test func unknownKeysAreWarnedAbout() throws {
        #expect(
            try made("init", ["LAGO__INIT__SET_CURENT": "true"]).warnings
                == [
                    "warning: environment variable 'LAGO__INIT__SET_CURENT': unknown option 'set_curent' of 'init', ignored; did you mean 'set_current'?"
                ])
        #expect(
            try made("status", file: "\n[status]\nxyzzy = 1\n").warnings
                == ["warning: /etc/atoll.conf:3: unknown option 'xyzzy' of 'status', ignored"])
        #expect(try made("status", file: "[plugin]\nxyzzy = 1\n").warnings == [])
    }

    @Test func aWrongFlagNamesItsSource() {
        let error = #expect(throws: SettingsError.self) { try options("init", ["LAGO__INIT__SET_CURRENT": "maybe"]) }
        #expect(error?.description == "environment variable 'LAGO__INIT__SET_CURRENT': set_current: expected true or false, found 'maybe'")
    }

    @Test(arguments: [
        ("wait", "LAGO__WAIT__TIMEOUT", "soon", "environment variable 'LAGO__WAIT__TIMEOUT': invalid value 'soon' for '--timeout'"),
        ("run tiny -- true", "ATOLL__RUN__MEMORY", "0", "environment variable 'ATOLL__RUN__MEMORY': invalid value '0' for '--memory'"),
        (
            "run tiny -- true", "ATOLL__RUN__KEEP_FOR", "x",
            "environment variable 'ATOLL__RUN__KEEP_FOR': invalid value 'x' for '--keep-for'"
        ),
    ])
    func aWrongValueNamesItsSource(_ typed: String, _ variable: String, _ value: String, _ expected: String) throws {
        let line = try ArgumentNormalizer().parse(typed.split(separator: " ").map(String.init))
        // Another setting that is right, and one for another verb.
        let environment = [variable: value, "ATOLL__RUN__CPUS": "2", "ATOLL__UP__TIMEOUT": "x"]
        let settings = try VerbSettings(line, Settings.merge(environment: environment).settings)
        let error = #expect(throws: UsageError.self) { _ = try settings.parse(line) }
        #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
    }

    @Test func aWrongValueInAFileNamesItsLine() throws {
        let line = try ArgumentNormalizer().parse(["wait"])
        let error = #expect(throws: UsageError.self) { _ = try made("wait", file: "[wait]\n# x\ntimeout = soon\n").parse(line) }
        #expect(error?.description.hasPrefix("/etc/atoll.conf:3: invalid value 'soon' for '--timeout'") == true)
    }

    @Test func theParsedVerbHasTheSetting() throws {
        let line = try ArgumentNormalizer().parse(["-P", "second", "init", "w", "f"])
        let settings = try VerbSettings(line, Settings.merge(environment: ["LAGO__INIT__SET_CURRENT": "true"]).settings)
        let verb = try #require(try settings.parse(line) as? InitVerb)
        #expect(verb.options.setCurrent && verb.words == ["w", "f"])
    }

    @Test func alaterErrorAboutASettingNamesItsSource() throws {
        let settings = try made("run tiny -- true", ["ATOLL__RUN__KEEP_ON": "x"])
        #expect(settings.hints(for: "error: --keep-on: bad") == "\nhint: '--keep-on' is set by environment variable 'ATOLL__RUN__KEEP_ON'")
        #expect(settings.hints(for: "error: other") == "")
    }
}

@Suite struct ProgramNameTests {
    @Test(arguments: [
        ("lago", true), ("/usr/bin/lago", true), ("lagocli", true), ("atoll", false), ("/opt/lago/bin/atoll", false), ("", false),
    ])
    func lagoIsRecognised(_ program: String, _ expected: Bool) { #expect(ProgramNames.isLago(program) == expected) }
}
