import AtollTaskRuns
import AtollModel
import Foundation
import Synchronization
import Testing

@testable import AtollSettings

@Suite("Settings of tasks") struct TaskSettingsTests {
    private let user = TaskUser(name: "me", isRoot: false, environment: ["HOME": "/h"])
    private let path = "/h/.config/taskotron/taskotron.yaml"

    private func load(
        _ text: String? = nil, environment: [String: String] = [:], files: [String: String] = [:], source: String? = nil
    ) throws -> TaskSettings.Loaded {
        var files = files
        files[path] = text
        let all = files
        return try TaskSettings.load(environment: environment, user: user, sourceDirectory: source, readFile: { all[$0] })
    }

    private func errors(_ text: String? = nil, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try load(text, environment: environment)
            return []
        } catch let error as InvalidInput { return error.diagnostics.map(\.description) } catch { return ["\(error)"] }
    }

    @Test("check 56: TASKOTRON_PROFILE beats the profile of the file")
    func check56() throws {
        let file = try load("profile: development\nruntask_mode: local\n", environment: ["TASKOTRON_PROFILE": "production"])
        #expect(file.settings.profile == .production)
        #expect(file.settings.source(of: "profile") == .environment("TASKOTRON_PROFILE"))
        #expect(file.settings.reportToResultsdb && file.settings.logFileEnabled && !file.settings.downloadCacheEnabled)
        #expect(file.settings.runtaskMode == "local")
        #expect(try load("profile: production\n").settings.runtaskMode == "libvirt")
        #expect(try load().settings.profile == .development)
    }

    @Test("check 57: the first file found wins, and the second is not merged")
    func check57() throws {
        let files = ["/src/conf/taskotron.yaml": "koji_url: http://first", "/etc/taskotron/taskotron.yaml": "pkg_url: http://third"]
        let loaded = try load("pkg_url: http://second", files: files, source: "/src")
        #expect(loaded.file == "/src/conf/taskotron.yaml")
        #expect(loaded.settings.kojiURL == "http://first")
        #expect(loaded.settings.source(of: "pkg_url") == .builtIn)
        #expect(try load("pkg_url: http://second", files: files).settings.pkgURL == "http://second")
        #expect(try load(files: files).settings.pkgURL == "http://third")
        let none = try load()
        #expect(none.file == nil && none.absence?.message.contains("/h/.config/taskotron, /etc/taskotron") == true)
    }

    @Test("check 58: a value of the wrong type names the option, what was found and what is expected")
    func check58() {
        #expect(
            errors(
                "# c\ntmpdir: False\nspawn_vm_retries: many\ndefault_disposable_release: 25\nsupported_arches: arm\nminion_repos: [1]\negress: 1\n"
            ) == [
                "\(path):2:9: tmpdir: found the boolean False; expected: text: the absolute path of a directory",
                "\(path):3:19: spawn_vm_retries: found the text \"many\"; expected: a whole number of at least 1",
                "\(path):4:29: default_disposable_release: found the number 25; expected: text; write it in quotes: '25'",
                "\(path):5:19: supported_arches: found the text \"arm\"; expected: a list of texts",
                "\(path):6:16: minion_repos: found the number 1 in the list; expected: a list of texts",
                "\(path):7:9: egress: found the number 1; expected: text; write it in quotes: '1'",
            ])
        #expect(errors("imageurl:\n")[0].contains("imageurl: found nothing; expected: text"))
        #expect(errors("log_file_enabled: 'true'\n")[0].contains("expected: true or false"))
        #expect(errors(environment: ["TASKOTRON_KEEP_FOR": "-1"]).count == 1)
        #expect(errors("[]")[0].contains("found a list"))
        #expect(errors("a: [")[0].hasPrefix("\(path):"))
        #expect(errors("tmpdir: /a\ntmpdir: /b\n")[0].contains("more than once"))
    }

    @Test("check 59: an unknown option is a warning and nothing else")
    func check59() throws {
        let loaded = try load("imagedir: /x\nzzz: [1, {a: b}]\n", environment: ["TASKOTRON_IMAGE_URL": "http://x"])
        #expect(
            loaded.warnings.map(\.description) == [
                "\(path):1:1: warning: imagedir: unknown option, ignored; did you mean `imagesdir`?",
                "\(path):2:1: warning: zzz: unknown option, ignored",
                "environment:1:1: warning: TASKOTRON_IMAGE_URL: unknown option, ignored; did you mean `TASKOTRON_IMAGEURL`?",
            ])
        #expect(loaded.settings == TaskSettings(user: user))
    }

    @Test("check 60: the testing profile reads nothing from disk")
    func check60() throws {
        let reads = Mutex(0)
        let loaded = try TaskSettings.load(
            environment: ["TASKOTRON_PROFILE": "testing"], user: user, sourceDirectory: "/src",
            readFile: { _ in
                reads.withLock { $0 += 1 }
                return "tmpdir: /x"
            })
        #expect(reads.withLock { $0 } == 0)
        #expect(loaded.settings.tmpdir == "/var/tmp/taskotron-test/tmp" && loaded.settings.logLevelStream == "DEBUG")
        let named = try load("profile: testing\nkoji_url: http://x\n")
        #expect(named.settings.profile == .testing && named.settings.source(of: "koji_url") == .builtIn && named.warnings.count == 1)
    }

    @Test("check 61: an unknown profile or runtask_mode is an error")
    func check61() {
        #expect(errors(environment: ["TASKOTRON_PROFILE": "prod"])[0].contains("expected: text: development, production, testing"))
        #expect(errors("profile: prod\n")[0].hasPrefix("\(path):1:10: profile: found the text \"prod\""))
        #expect(errors("runtask_mode: vm\n") == ["\(path):1:15: runtask_mode: found the text \"vm\"; expected: text: local, libvirt"])
    }

    @Test("check 62: tmpdir gets the user's name, and a directory that cannot be made is a clear error")
    func check62() throws {
        let root = FileManager.default.temporaryDirectory.path + "/atoll-dirs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: root + "/file"))
        let good = try load(
            "tmpdir: \(root)/tmp/\nartifactsdir: \(root)/a/b\ncachedir: \(root)/c\nlogdir: \(root)/log\n"
        ).settings
        #expect(good.userTmpdir == "\(root)/tmp/me")
        #expect(good.directories.map(\.key) == ["tmpdir", "artifactsdir", "cachedir"])
        try good.prepareDirectories()
        try good.prepareDirectories()
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["a", "c", "file", "tmp"])

        // Commands of tasks lie there: nobody else may be able to put others in their place.
        var open = good
        open.tmpdir = root + "/open"
        try FileManager.default.createDirectory(atPath: root + "/open", withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: root + "/open")
        let refused = #expect(throws: InvalidInput.self) { try open.prepareDirectories() }
        #expect(refused?.diagnostics.first?.message.contains("lets another user replace") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: root + "/open")
        try open.prepareDirectories()

        var bad = good
        bad.artifactsdir = root + "/file/artifacts"
        bad.sources["cachedir"] = nil
        bad.cachedir = root + "/file"
        let error = #expect(throws: InvalidInput.self) { try bad.prepareDirectories() }
        #expect(
            error?.diagnostics.map(\.message) == [
                "\(root)/file cannot be made: there is a file of that name (set by \(path):2); create it manually, or set artifactsdir to a directory of yours",
                "\(root)/file cannot be made: there is a file of that name (the built-in default); create it manually, or set cachedir to a directory of yours",
            ])
    }

    @Test func theDefaultsOfEveryProfileAreThoseOfTheSpec() {
        let root = TaskUser(name: "root", isRoot: true, environment: [:])
        let development = TaskSettings(user: root)
        #expect(development.runtaskMode == "local" && development.downloadCacheEnabled && development.logLevelFile == "DEBUG")
        #expect(development.artifactsdir == "/var/lib/taskotron/artifacts" && development.userTmpdir == "/var/tmp/taskotron/root")
        #expect(TaskSettings(profile: .production, user: root).logdir == "/var/log/taskotron")
        #expect(development.forceImageurl == false && development.defaultImage == "debian-12" && development.inactivityTimeout == 900)
        let own = TaskSettings(user: user)
        #expect(own.artifactsdir == "/h/.local/state/taskotron/artifacts" && own.cachedir == "/h/.cache/taskotron")
        let elsewhere = TaskUser(
            name: "me", isRoot: false, environment: ["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "relative"])
        #expect(elsewhere.stateHome == "/s" && elsewhere.cacheHome == "/h/.cache")
    }

    @Test func aVariableBeatsTheFileAndIsNamedAsTheOrigin() throws {
        let loaded = try load(
            "inactivity_timeout: 5\nspawn_vm_retries: 2\n",
            environment: [
                "TASKOTRON_INACTIVITY_TIMEOUT": "60", "TASKOTRON_KEEP_ON": "FAILED, CRASHED", "TASKOTRON_LEGACY_EXIT_CODES": "yes",
                "TASKOTRON_EGRESS": "", "OTHER": "x",
            ])
        #expect(loaded.settings.inactivityTimeout == 60 && loaded.settings.keepOn == ["FAILED", "CRASHED"])
        #expect(loaded.settings.legacyExitCodes)
        #expect(loaded.settings.source(of: "inactivity_timeout") == .environment("TASKOTRON_INACTIVITY_TIMEOUT"))
        #expect(loaded.settings.source(of: "spawn_vm_retries") == .file("\(path):2"))
        #expect(loaded.warnings.map(\.message) == ["TASKOTRON_EGRESS is set to nothing, ignored"])
    }

    @Test func timesHaveUnits() throws {
        let settings = try load(
            "inactivity_timeout: 15m\ntask_timeout: '90'\nkeep_for: 7200\n", environment: ["TASKOTRON_TASK_TIMEOUT": "2h"]
        ).settings
        #expect(settings.inactivityTimeout == 900 && settings.taskTimeout == 7200 && settings.keepFor == 7200)
        #expect(try load("task_timeout: 0\nkeep_for: 1d\n").settings.keepFor == 86400)
        #expect(
            errors("keep_for: 10 minutes\ntask_timeout: 1.5\ninactivity_timeout: [1]\n") == [
                "\(path):1:11: keep_for: found the text \"10 minutes\"; expected: seconds, or a time such as 90s, 10m or 1h30m",
                "\(path):2:15: task_timeout: found the number 1.5; expected: seconds, or a time such as 90s, 10m or 1h30m",
                "\(path):3:21: inactivity_timeout: found a list; expected: seconds, or a time such as 90s, 10m or 1h30m",
            ])
        for text in ["", "s", "-5", "+5", "5x", "30m1h", "1h1h", "1h30", "1hm", "1 h", "1000000001", "9223372036854775807d", "\u{0662}"] {
            #expect(TaskDuration.seconds(text) == nil, "\(text)")
        }
        #expect(["0", "90", "90s", " 10m ", "2h", "1h30m", "1d1s"].map(TaskDuration.seconds) == [0, 90, 90, 600, 7200, 5400, 86401])
    }

    @Test func keepOnMayBeOneWord() throws {
        #expect(try load("keep_on: failure\n").settings.keepOn == ["failure"])
        #expect(try load("keep_on: [FAILED, CRASHED]\n").settings.keepOn == ["FAILED", "CRASHED"])
        #expect(errors("keep_on: 1\n") == ["\(path):1:10: keep_on: found the number 1; expected: a word or a list of words"])
    }

    @Test("what only looks where things are goes on with what can be used")
    func leniently() throws {
        func lenient(_ text: String, _ environment: [String: String] = [:]) throws -> TaskSettings.Loaded {
            try TaskSettings.load(environment: environment, user: user, isLenient: true, readFile: { $0 == path ? text : nil })
        }
        let loaded = try lenient("artifactsdir: /a\nspawn_vm_retries: many\n", ["TASKOTRON_KEEP_FOR": "soon"])
        #expect(loaded.settings.artifactsdir == "/a" && loaded.settings.spawnVMRetries == 3 && loaded.settings.keepFor == 7200)
        #expect(
            loaded.warnings.map(\.description) == [
                "\(path):2:19: warning: spawn_vm_retries: found the text \"many\"; expected: a whole number of at least 1; ignored",
                "environment:1:1: warning: keep_for: found the text \"soon\"; "
                    + "expected: seconds, or a time such as 90s, 10m or 1h30m; ignored",
            ])
        let broken = try lenient("artifactsdir: /a\nb: [\n")
        #expect(broken.settings.artifactsdir == TaskSettings(user: user).artifactsdir && broken.warnings.count == 1)
        #expect(broken.warnings.first?.description.hasSuffix("; nothing of the file is used") == true)
    }

    @Test func slashesAtTheEndOfURLsAreDropped() throws {
        let settings = try load("resultsdb_server: http://r/api//\nartifactsdir: /a/\negress: off\nlog_level_stream: debug\n").settings
        #expect(settings.resultsdbServer == "http://r/api" && settings.artifactsdir == "/a")
        #expect(settings.egress == "off" && settings.logLevelStream == "DEBUG")
        let odd = try load("log_level_stream: LOUD\n")
        #expect(odd.settings.logLevelStream == "INFO" && odd.warnings.count == 1)
    }

    @Test func aTaskDirectoryThatIsWipedCannotBeTheRoot() { #expect(errors("client_taskdir: //\n").count == 1) }

    @Test func whatIsGeneratedIsReadBackAsItWas() throws {
        let written = try load(
            """
            profile: production
            tmpdir: /t
            keep_on: [FAILED, 'a b', "x'y", 'yes', '1']
            resultsdb_token: "s3'cret: \\t# x"
            default_disposable_release: '40'
            egress: off
            minion_repos: ['copr:a/b']
            task_timeout: 12
            """
        ).settings
        for pinned in [false, true] {
            var again = try load(written.render(pinned: pinned, secrets: true)).settings
            again.sources = written.sources
            #expect(again == written)
        }
        let text = written.render()
        for option in TaskOption.all { #expect(text.contains("\n# \(option.help)\n"), "\(option.key)") }
        #expect(!text.contains("s3'cret") && !text.contains("s3''cret"))
        #expect(written.secrets == ["s3'cret: \t# x"])
        // Every line that can be uncommented stands for the default.
        let defaults = TaskSettings(user: user)
        var all = try load(TaskSettings(user: user).render(pinned: true)).settings
        #expect(all.sources.count == TaskOption.all.count)
        all.sources = [:]
        #expect(all == defaults)
    }

    @Test func passwordsInURLsAreSecretsToo() throws {
        let settings = try load(
            """
            resultsdb_server: https://ci:p%40ssword@db.example.org/api/v2.0
            minion_repos: ['https://git@host/x.repo', 'deb [trusted=yes] http://u:hunter2@host:81/ ./']
            resultsdb_token: abc
            """
        ).settings
        #expect(settings.secrets.sorted() == ["abc", "ci:p%40ssword", "hunter2", "p%40ssword", "p@ssword", "u:hunter2"])
        let text = settings.render(pinned: true)
        #expect(!text.contains("p%40ssword") && !text.contains("hunter2"))
        #expect(text.contains("\n#resultsdb_server: (set by \(path):1, not shown)\n"))
        let shown = settings.withoutSecrets([
            "TASKOTRON_RESULTSDB_SERVER": "https://ci:p%40ssword@db.example.org", "TASKOTRON_LINE": "x hunter2 y",
            "TASKOTRON_OTHER": "http://a:b@c/", "TASKOTRON_VAULT_PASSWORD": "zz", "TASKOTRON_RESULTSDB_FRONTEND": "http://db",
            "OTHER": "hunter2",
        ])
        #expect(shown == ["TASKOTRON_RESULTSDB_FRONTEND": "http://db", "OTHER": "hunter2"])
        #expect(URLCredentials.removed(from: "deb http://u:p@h/ http://k@h2?q=a@b x@y") == "deb http://h/ http://h2?q=a@b x@y")
        #expect(URLCredentials.secrets(in: "https://abcdefghij0123456789@h/ https://u:@h http://h/a:b@c") == ["abcdefghij0123456789"])
    }

    @Test func whatHasNoEffectYetIsSaid() throws {
        let text = TaskSettings(user: user).render()
        #expect(text.contains("# the Koji hub\n# (it has no effect yet: it waits for the Koji and Bodhi clients)\n#koji_url: "))
        #expect(text.components(separatedBy: "it has no effect yet").count - 1 == 11)
        let words = "no vault is asked here yet; tasks get none of the secrets they may expect"
        let vault = try load("vault_enabled: true\n")
        #expect(vault.warnings.map(\.description) == ["\(path):1:1: warning: vault_enabled: \(words)"])
        let variable = try load(environment: ["TASKOTRON_VAULT_ENABLED": "yes"]).warnings.map(\.description)
        #expect(variable == ["environment:1:1: warning: TASKOTRON_VAULT_ENABLED: \(words)"])
    }

    @Test func secretsAreNotToldByErrors() {
        #expect(!errors("resultsdb_token: 12345\n")[0].contains("12345"))
    }

    @Test func otherFilesAreFoundTheSameWay() throws {
        let files = ["/etc/taskotron/namespaces.yaml": "etc", "/h/.config/taskotron/namespaces.yaml": "own"]
        let found = try TaskSettings.find("namespaces.yaml", user: user, sourceDirectory: nil, readFile: { files[$0] })
        #expect(found?.path == "/h/.config/taskotron/namespaces.yaml" && found?.text == "own")
        #expect(try TaskSettings.find("namespaces.yaml", user: user, sourceDirectory: nil, readFile: { _ in nil }) == nil)
    }
}
