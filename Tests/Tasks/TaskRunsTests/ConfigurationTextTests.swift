import AtollModel
import AtollSettings
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollTaskRuns

/// What lies where a configuration file is looked for.
@Suite struct ConfigurationTextTests {
    private let workspace: Workspace
    private let path: String

    init() throws {
        workspace = try Workspace("settings")
        path = workspace.path + "/atoll/atoll.conf"
        try FileManager.default.createDirectory(atPath: workspace.path + "/atoll", withIntermediateDirectories: true)
    }

    private func reason() -> String? {
        do throws(InvalidInput) {
            _ = try TaskSettings.read(path)
            return nil
        } catch { return error.diagnostics.map(\.message).joined() }
    }

    @Test func whatIsNoFileIsSaidAndNotWaitedFor() throws {
        #expect(try TaskSettings.read(path) == nil)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(reason() == "this is a pipe, where a configuration file is looked for; move it away")
        #expect(unlink(path) == 0 && mkdir(path, 0o700) == 0)
        #expect(reason() == "this is a directory, where a configuration file is looked for; move it away")
        let environment = ["XDG_CONFIG_HOME": workspace.path, "XDG_CONFIG_DIRS": workspace.path + "/none"]
        let warnings = Settings.load(environment: environment).warnings.filter { $0.file == path }
        #expect(warnings.map(\.severity) == [.warning])
        #expect(warnings.first?.message.hasPrefix("this is a directory") == true)
        #expect(rmdir(path) == 0 && symlink("/dev/null", path) == 0)
        #expect(try TaskSettings.read(path) == "")
        #expect(unlink(path) == 0 && symlink("/dev/zero", path) == 0)
        #expect(reason() == "the file is larger than 4 MiB: no configuration; move it away")
    }

    @Test func onlyTextIsTextAndAByteOrderMarkIsNone() throws {
        try Data([0xEF, 0xBB, 0xBF, 0x61, 0x0A]).write(to: URL(filePath: path))
        #expect(try TaskSettings.read(path) == "a\n")
        try Data([0x61, 0xFF]).write(to: URL(filePath: path))
        #expect(reason()?.hasPrefix("the file is not UTF-8 text") == true)
    }
}
