import AtollInitFile
import ArgumentParser
import AtollClaims
import AtollSettings
import AtollTestSupport
import Testing

@testable import AtollCLI

/// What flags and settings become.
@Suite struct SessionTests {
    private struct Unused: Error {}

    private func session(_ words: [String], _ environment: [String: String] = [:]) throws -> Session {
        // Settings files of whoever runs the tests have no say.
        var environment = environment
        environment["HOME"] = "/nonexistent"
        environment["XDG_CONFIG_DIRS"] = "/nonexistent"
        let runtime = Runtime(
            environment: environment, workingDirectory: "/here", makeHost: { _ in throw Unused() }, makeCatalog: { _ in throw Unused() },
            share: { "" }, examine: { _ in [] })
        return try Session(verb: "init", global: try GlobalOptions.parse(words), runtime: runtime)
    }

    @Test func aTemplateStoreIsAbsolute() throws {
        #expect(try session([]).withTemplates(repoPath: nil, store: "store").options.templateStore == "/here/store")
        let set = try session([], ["LAGO__INIT__TEMPLATE_STORE": "../x"]).withTemplates(repoPath: nil, store: nil)
        #expect(set.options.templateStore == "/x")
        #expect(try session([]).withTemplates(repoPath: nil, store: nil).options.templateStore == nil)
    }

    @Test func aRepositoryIsNamedByTheSettingsToo() throws {
        let session = try session([], ["LAGO__INIT__TEMPLATE_REPO_NAME": "mine"])
        #expect(session.withTemplates(repoPath: nil, store: nil).options.templateRepository == "name:mine")
        #expect(session.withTemplates(repoPath: "a.json", store: nil).options.templateRepository == "a.json")
        #expect(session.withTemplates(repoPath: nil, repoName: "other", store: nil).options.templateRepository == "name:other")
    }

    @Test func aMisspeltProviderIsRefused() throws {
        let error = #expect(throws: SettingsError.self) { try session(["--default-vm-provider", "local-libvrit"]) }
        #expect(error?.description == "invalid value 'local-libvrit' for '--default-vm-provider': expected one of local-libvirt, ssh")
        #expect(try session(["--default-vm-provider", "ssh"]).specDefaults.vmProvider == "ssh")
    }

    @Test func anyDepthIsUnderstood() throws {
        #expect(try GlobalOptions.parse(["--logdepth", "-1"])[.logdepth] == "-1")
        #expect(throws: (any Error).self) { try session([], ["LAGO_LOGDEPTH": "deep"]) }
    }

    /// Every declared setting is an option of the parser, long and short, and becomes a setting that wins.
    @Test(arguments: GlobalSetting.all) func everySettingIsAnOption(_ setting: GlobalSetting) throws {
        let value = ["local-libvirt", "kvm", "json", "debug", "7"].first { setting.isValid($0) } ?? "7"
        let long = setting.kind == .flag ? ["--\(setting.name)"] : ["--\(setting.name)=\(value)"]
        let options = try GlobalOptions.parse(long)
        #expect(options[setting] == (setting.kind == .flag ? "true" : value) && options.given.count == 1)
        if let short = setting.short { #expect(try GlobalOptions.parse(["-\(short)", value])[setting] == value) }
        let settings = Settings.merge(environment: [setting.variables[1]: "other"], flags: options.flags).settings
        #expect(settings.value(setting) == options[setting])
        #expect(settings.source(key: setting.key) == .flag("--\(setting.name)"))
        // Underscores, as Lago has in some names.
        let line = try ArgumentNormalizer().parse([long[0].replacing(setting.name, with: setting.key), "status"])
        #expect(line.globals == long)
        #expect(HelpText.options(columns: 100).contains("--\(setting.name)"))
    }

    @Test(arguments: GlobalSetting.all.filter { $0.expected != nil })
    func everyInvalidValueNamesItsSource(_ setting: GlobalSetting) throws {
        for variable in setting.variables {
            let error = #expect(throws: SettingsError.self) { try session([], [variable: "x y"]) }
            #expect(
                error?.description
                    == "environment variable '\(variable)': \(setting.key): expected \(setting.expected ?? ""), found 'x y'")
        }
        guard setting.kind != .flag else { return }
        let error = #expect(throws: SettingsError.self) { try session(["--\(setting.name)", "x y"]) }
        #expect(error?.description == "invalid value 'x y' for '--\(setting.name)': expected \(setting.expected ?? "")")
    }
}
