import AtollModel
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollSettings

@Suite struct SettingsTests {
    private let parameters = [
        Parameter("var1", "default", help: "the first"), Parameter("var2", help: "the second"),
        Parameter("var1", "verb default", section: "verb", help: "of a verb"),
    ]

    private func settings(
        files: [String] = [], environment: [String: String] = [:], flags: [Settings.Flag] = []
    ) -> Settings {
        let files = files.enumerated().map { Settings.File(path: "file\($0 + 1)", text: $1) }
        return Settings.merge(parameters: parameters, files: files, environment: environment, flags: flags).settings
    }

    @Test func variablesNameTheirSection() {
        let settings = settings(environment: [
            "LAGO_GLOBAL_VAR_1": "a", "LAGO__SECTION__VAR": "b", "LAGO__LONG_SECTION_NAME__LONG_VAR_NAME": "c", "ATOLL__S__A__B": "d",
        ])
        #expect(settings.value(key: "global_var_1") == "a")
        #expect(settings.value(section: "section", key: "var") == "b")
        #expect(settings.value(section: "long_section_name", key: "long_var_name") == "c")
        #expect(settings.value(section: "s", key: "a__b") == "d")
    }

    @Test func foreignMalformedAndEmptyVariablesAreIgnored() {
        let (settings, warnings) = Settings.merge(
            parameters: [],
            environment: [
                "PATH": "/bin", "LAGO_": "x", "LAGO__NO_END": "x", "LAGO__NO_NAME__": "x", "LAGO____X": "x", "LAGO_EMPTY": "", "LAGOX": "x",
            ])
        #expect(settings.sections.isEmpty)
        #expect(warnings.map(\.message) == ["empty environment variable definition:LAGO_EMPTY, ignoring."])
    }

    @Test func nothingSetsAnUnknownSection() {
        #expect(settings().section("absent").isEmpty)
        #expect(settings().value(section: "absent", key: "x") == nil)
    }

    @Test func everySourceBeatsTheOnesBeforeIt() {
        let first = "[lago]\nvar1 = f1\nvar2 = f1\nonly = f1\n[verb]\nvar1 = f1\n"
        let second = "[lago]\nvar1 = f2\n"
        #expect(settings().entry(key: "var1") == Settings.Entry("default", from: .builtIn))
        #expect(settings(files: [first]).entry(key: "var1") == Settings.Entry("f1", from: .file("file1")))
        #expect(settings(files: [first]).value(section: "verb", key: "var1") == "f1")
        #expect(settings(files: [first, second]).value(key: "var1") == "f2")
        #expect(settings(files: [first, second]).value(key: "var2") == "f1")
        let lago = ["LAGO_VAR1": "e"]
        #expect(
            settings(files: [first, second], environment: lago).entry(key: "var1") == Settings.Entry("e", from: .environment("LAGO_VAR1")))
        let both = ["LAGO_VAR1": "e", "ATOLL_VAR1": "atoll"]
        #expect(settings(files: [first, second], environment: both).value(key: "var1") == "atoll")
        let flagged = settings(files: [first, second], environment: both, flags: [Settings.Flag("var1", "flag")])
        #expect(flagged.entry(key: "var1") == Settings.Entry("flag", from: .flag("--var1")))
        #expect(flagged.value(key: "only") == "f1")
    }

    @Test func sectionsOfFilesSurvive() {
        #expect(settings(files: ["[plugin]\nkey: value\n"]).section("plugin") == ["key": "value"])
        #expect(settings(files: ["[atoll]\nssh-tries = 5\n"]).value(key: "ssh_tries") == "5")
    }

    @Test func percentSignsAndContinuationsAreText() throws {
        let settings = settings(files: ["# comment\n[lago]\nvar1 = 100%(x)s % $HOME\nvar2 =\n  one\n  two\n; end\n"])
        #expect(settings.value(key: "var1") == "100%(x)s % $HOME")
        #expect(settings.value(key: "var2") == "one\ntwo")
    }

    @Test func strayLinesAreReportedWithTheirPlace() {
        let (_, warnings) = Settings.merge(files: [Settings.File(path: "/etc/x", text: "a = 1\n[lago]\nnonsense\n")])
        #expect(warnings.map(\.position?.line) == [1, 3])
    }

    @Test func theDumpIsReadBackAsItWas() {
        let settings = settings(files: ["[lago]\nvar1 = 50% : = #\nvar2 = a\n  b\n[other]\nx = y\n"])
        let text = settings.render(date: "today")
        let again = self.settings(files: [text])
        #expect(again.sections.mapValues { $0.mapValues(\.value) } == settings.sections.mapValues { $0.mapValues(\.value) })
        #expect(text.hasPrefix("# Atoll configuration file, generated: today\n\n[lago]\n# the first\nvar1 = "))
        #expect(!Settings(parameters: [Parameter("a", section: "s", help: "")]).render(date: "").contains("[s]"))
    }

    @Test func theDumpHasNoVariablesThatAreNoSettings() {
        let text = Settings.merge(
            parameters: parameters, files: [Settings.File(path: "f", text: "[lago]\nplugin_key = x\n")],
            environment: [
                "ATOLL_STATE": "/s", "ATOLL_SANDBOX_STORE": "/t", "ATOLL_VAR2": "v", "LAGO__PLUGIN__KEY": "p", "LAGO_ROOT_PASSWORD": "r",
            ]
        ).settings.render(date: "today")
        #expect(!text.contains("state") && !text.contains("sandbox"))
        for line in ["var2 = v", "plugin_key = x", "key = p", "root_password = r"] { #expect(text.contains("\n\(line)\n"), "\(line)") }
    }

    @Test func theVerboseDumpNamesWhatIsNotSet() {
        let text = settings().render(verbose: true, date: "today")
        #expect(text.contains("\nvar1 = default\n"))
        #expect(text.contains("\n#var2 = None\n"))
        #expect(!settings().render(date: "today").contains("var2"))
    }

    @Test func numbersAndFlagsNameTheirSourceWhenWrong() throws {
        let settings = settings(environment: ["ATOLL_TRIES": "many", "ATOLL_ON": "Yes"])
        #expect(try settings.flag(key: "on") == true)
        #expect(try settings.integer(key: "absent") == nil)
        let error = #expect(throws: SettingsError.self) { try settings.integer(key: "tries") }
        #expect(error?.description == "environment variable ATOLL_TRIES: tries: found \"many\"; allowed: a whole number")
    }

    @Test func filesAreLookedForFromTheLeastImportantOn() {
        let paths = Settings.paths(environment: ["XDG_CONFIG_DIRS": "/x1:/x2", "HOME": "/h"])
        #expect(
            paths == [
                "/etc/lago/lago.conf", "/etc/atoll/atoll.conf", "/x2/lago/lago.conf", "/x2/atoll/atoll.conf", "/x1/lago/lago.conf",
                "/x1/atoll/atoll.conf", "/h/.config/lago/lago.conf", "/h/.config/atoll/atoll.conf",
            ])
        #expect(Settings.paths(environment: ["XDG_CONFIG_HOME": "/c"]).suffix(2) == ["/c/lago/lago.conf", "/c/atoll/atoll.conf"])
    }
}
