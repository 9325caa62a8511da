import AtollInitFile
import ArgumentParser
import AtollClaims
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
        let error = #expect(throws: UsageError.self) { try session(["--default_vm_provider", "local-libvrit"]) }
        #expect(error?.description.contains("there are: local-libvirt, ssh") == true)
        #expect(try session(["--default_vm_provider", "ssh"]).specDefaults.vmProvider == "ssh")
    }

    @Test func anyDepthIsUnderstood() throws {
        #expect(try GlobalOptions.parse(["--logdepth", "-1"]).logdepth == -1)
        #expect(throws: (any Error).self) { try session([], ["LAGO_LOGDEPTH": "deep"]) }
    }
}
