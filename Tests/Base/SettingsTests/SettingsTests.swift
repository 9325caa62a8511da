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
        #expect(warnings.map(\.description) == ["warning: environment variable 'LAGO_EMPTY': empty value, ignored"])
        #expect(warnings.map(\.message) == ["empty value, ignored"])
    }

    @Test func nothingSetsAnUnknownSection() {
        #expect(settings().section("absent").isEmpty)
        #expect(settings().value(section: "absent", key: "x") == nil)
    }

    @Test func everySourceBeatsTheOnesBeforeIt() {
        let first = "[lago]\nvar1 = f1\nvar2 = f1\nonly = f1\n[verb]\nvar1 = f1\n"
        let second = "[lago]\nvar1 = f2\n"
        #expect(settings().entry(key: "var1") == Settings.Entry("default", from: .builtIn))
        #expect(settings(files: [first]).entry(key: "var1") == Settings.Entry("f1", from: .file("file1:2")))
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

    @Test(arguments: ["[template build]", "[template-build]", "[Template Build]", "[template_build]"])
    func aSectionHasOneName(_ header: String) {
        let settings = settings(files: ["\(header)\ntemplate-store = f\n"])
        #expect(settings.value(section: "template_build", key: "template_store") == "f")
        let both = self.settings(
            files: ["\(header)\ntemplate-store = f\n"], environment: ["LAGO__TEMPLATE_BUILD__TEMPLATE_STORE": "e"])
        #expect(both.value(section: "template build", key: "template_store") == "e")
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
        #expect(error?.description == "environment variable 'ATOLL_TRIES': tries: expected a whole number, found 'many'")
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

@Suite struct GlobalSettingTests {
    private func merged(
        _ setting: GlobalSetting, flag: String? = nil, atoll: String? = nil, lago: String? = nil, file: String? = nil, lesser: String? = nil
    ) -> Settings {
        var environment: [String: String] = [:]
        environment[setting.variables[0]] = lago
        environment[setting.variables[1]] = atoll
        let files = [("lesser", lesser), ("file", file)].compactMap { name, value in
            value.map { Settings.File(path: name, text: "[lago]\n\(setting.key) = \($0)\n") }
        }
        return Settings.merge(files: files, environment: environment, flags: flag.map { [Settings.Flag(setting.key, $0)] } ?? []).settings
    }

    @Test(arguments: GlobalSetting.all) func precedence(_ setting: GlobalSetting) {
        #expect(merged(setting, flag: "a", atoll: "b", lago: "c", file: "d", lesser: "e").value(setting) == "a")
        #expect(merged(setting, atoll: "b", lago: "c", file: "d", lesser: "e").value(setting) == "b")
        #expect(merged(setting, lago: "c", file: "d", lesser: "e").value(setting) == "c")
        #expect(merged(setting, file: "d", lesser: "e").value(setting) == "d")
        #expect(merged(setting, lesser: "e").value(setting) == "e")
        #expect(merged(setting).value(setting) == setting.defaultValue)
        for key in setting.olderKeys {
            let older = ["LAGO_\(key.uppercased())": "o"]
            #expect(Settings.merge(environment: older).settings.value(setting) == "o")
            #expect(Settings.merge(environment: older.merging([setting.variables[0]: "n"]) { $1 }).settings.value(setting) == "n")
        }
    }

    @Test(arguments: GlobalSetting.all) func declarationsAreSound(_ setting: GlobalSetting) {
        #expect(setting.defaultValue.map(setting.isValid) ?? true)
        #expect(GlobalSetting.all.filter { $0.key == setting.key || setting.short != nil && $0.short == setting.short } == [setting])
        #expect(Parameter.builtIn.filter { $0.key == setting.key && $0.section == Settings.global }.map(\.value) == [setting.defaultValue])
        #expect(Settings().render(verbose: true, date: "").contains("\(setting.key) = "))
        #expect(throws: Never.self) { try Settings().checkGlobals() }
    }

    @Test(arguments: [
        (GlobalSetting.jobs, ["1", "1000000000"], ["0", "-3", "x", "", "1e3", "9223372036854775807", "99999999999999999999"]),
        (.logdepth, ["0", "-1", "3"], ["", "deep", "1.5"]), (.accel, ["auto", "kvm", "tcg"], ["", "KVM", "qemu"]),
        (.ignoreWarnings, ["true", "no", "1", "Off"], ["", "maybe", "2"]), (.sshUser, ["", "root", "a b"], []),
    ]) func values(_ setting: GlobalSetting, _ valid: [String], _ invalid: [String]) {
        for text in valid { #expect(setting.isValid(text), "'\(text)'") }
        for text in invalid { #expect(!setting.isValid(text), "'\(text)'") }
    }

    @Test func anInvalidValueNamesItsLine() {
        let settings = Settings.merge(files: [Settings.File(path: "f", text: "[lago]\n# x\njobs = many\n")]).settings
        let error = #expect(throws: SettingsError.self) { try settings.checkGlobals() }
        #expect(error?.description == "f:3: jobs: expected a whole number of at least 1, found 'many'")
    }
}
