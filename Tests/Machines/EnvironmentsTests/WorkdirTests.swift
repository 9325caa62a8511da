import AtollHostPorts
import AtollModel
import AtollPlatform
import AtollTestSupport
import Testing

@testable import AtollEnvironments

/// Workdirs and prefixes on disk, as spec 3.1 to 3.3 and the checks 19 to 39 of its section 11 have them.
@Suite struct WorkdirTests {
    let workspace: Workspace
    var workdir: Workdir { Workdir(path: workspace.path + "/w") }

    init() throws { workspace = try Workspace("workdirs") }

    private func makePrefix(_ name: String, in directory: String = "w") throws {
        try workspace.write("\(directory)/\(name)/uuid", PrefixID("0123456789abcdef0123456789abcdef")?.hex ?? "")
        try workspace.write("\(directory)/\(name)/initialized", "")
    }

    private func locator(_ directory: String = "w", workdir: String? = nil, prefix: String? = nil, name: String = "current") -> Locator {
        Locator(
            prefixPath: prefix, workdirPath: workdir, prefixName: name,
            workingDirectory: directory.isEmpty ? workspace.path : workspace.path + "/" + directory)
    }

    @Test func anEmptyDirectoryIsNoWorkdir() throws {
        try Directories.make(workdir.path)
        #expect(!workdir.exists)
        #expect(throws: EnvironmentError.self) { try locator().workdir() }
    }

    @Test func currentIsReadAsAName() throws {
        try makePrefix("one")
        try makePrefix("two")
        try SymbolicLink.make(workdir.path + "/current", to: "two")
        #expect(try workdir.currentName() == "two")
        #expect(try workdir.prefix("current").path == workdir.path + "/two")
        #expect(try workdir.prefixNames().sorted() == ["one", "two"])
    }

    @Test(arguments: [(["a", "default", "z"], "default"), (["a", "z", "m"], "z")])
    func aMissingOrDanglingCurrentIsMended(_ names: [String], _ expected: String) throws {
        for name in names { try makePrefix(name) }
        #expect(try workdir.currentName() == expected)
        #expect(workdir.current == expected)
        try SymbolicLink.make(workdir.path + "/current", to: "gone")
        #expect(try workdir.currentName() == expected)
        #expect(SymbolicLink.target(workdir.path + "/current") == expected, "the link stays relative")
    }

    @Test func aCurrentThatIsADirectoryIsRefused() throws {
        try makePrefix("one")
        try makePrefix("current")
        let error = #expect(throws: EnvironmentError.self) { try workdir.currentName() }
        #expect(error?.code == .malformed && error?.message.contains("should be a symbolic link") == true)
    }

    @Test func noPrefixAtAllIsSaid() throws {
        try Directories.make(workdir.path)
        try SymbolicLink.make(workdir.path + "/current", to: "gone")
        let error = #expect(throws: EnvironmentError.self) { try workdir.currentName() }
        #expect(error?.code == .notFound && error?.message.contains("atoll init") == true)
    }

    @Test func setCurrentReplacesTheLinkAndRefusesTheUnknown() throws {
        try makePrefix("one")
        try makePrefix("two")
        try workdir.setCurrent("one")
        try workdir.setCurrent("two")
        #expect(workdir.current == "two")
        let error = #expect(throws: EnvironmentError.self) { try workdir.setCurrent("three") }
        #expect(error?.message == "Unable to find prefix \"three\" in workdir \(workdir.path); it holds: one, two")
        #expect(workdir.current == "two")
    }

    @Test(arguments: ["nope", "../w/one", "", "one/", "current/../one", "a b"]) func anUnknownPrefixIsNamed(_ name: String) throws {
        try makePrefix("one")
        let error = #expect(throws: EnvironmentError.self) { try workdir.prefix(name) }
        #expect(error?.code == .notFound && error?.message.contains("it holds: one") == true)
    }

    @Test func aPrefixGoneTheNextBecomesCurrentAndTheLastTakesTheWorkdirAlong() throws {
        for name in ["a", "b", "default"] { try makePrefix(name) }
        try workdir.setCurrent("default")
        try Directories.removeTree(workdir.path + "/default")
        try workdir.tidy()
        #expect(workdir.current == "b")
        for name in ["a", "b"] { try Directories.removeTree(workdir.path + "/" + name) }
        try workdir.tidy()
        #expect(!SystemCall.exists(workdir.path))
    }

    @Test func filesOfTheUserKeepTheWorkdir() throws {
        try makePrefix("a")
        try workspace.write("w/notes.txt", "mine")
        try Directories.removeTree(workdir.path + "/a")
        try workdir.tidy()
        #expect(try AtomicFile.text(workdir.path + "/notes.txt") == "mine")
    }

    @Test(arguments: ["", "deep", "deep/er"]) func theWorkdirIsFoundFromHereAndFromBelow(_ below: String) throws {
        try makePrefix("default", in: ".atoll")
        if !below.isEmpty { try Directories.make(workspace.path + "/" + below) }
        #expect(try locator(below).workdir().path == Directories.real(workspace.path + "/.atoll"))
        #expect(try locator(below).prefix().files.name == "default")
    }

    @Test func oursComesBeforeLagosAndLagosIsUsedWithoutOurs() throws {
        try makePrefix("default", in: ".lago")
        #expect(try locator("").workdir().path.hasSuffix("/.lago"))
        #expect(locator("").defaultWorkdirForInit().hasSuffix("/.lago"))
        try makePrefix("default", in: ".atoll")
        #expect(try locator("").workdir().path.hasSuffix("/.atoll"))
        #expect(locator("").defaultWorkdirForInit().hasSuffix("/.atoll"))
    }

    @Test func nothingFoundNamesThePossibleOnes() throws {
        try makePrefix("default", in: "child/.lago")
        try makePrefix("default", in: "other")
        let error = #expect(throws: EnvironmentError.self) { try locator("").workdir() }
        #expect(error?.code == .notFound)
        let base = workspace.path
        #expect(
            error?.message.contains("Unable to find workdir in \(base)\nFound possible workdirs in: \(base)/child, \(base)/other") == true)
    }

    @Test func aPrefixDirectoryIsUsedWhereOneStandsOrIsNamed() throws {
        try makePrefix("one")
        try makePrefix("two")
        try workdir.setCurrent("one")
        #expect(try locator("w/two").prefix().files.name == "two")
        #expect(try locator("", prefix: "w/two").prefix().files.name == "two")
        #expect(try locator("w/two", workdir: workdir.path).prefix().files.name == "one", "--workdir-path beats where one stands")
        #expect(try locator("", workdir: "w", name: "two").prefix().files.name == "two")
        #expect(throws: EnvironmentError.self) { try locator("", prefix: "/").prefix() }
    }

    @Test func alinkToAWorkdirIsSeenAsALink() throws {
        try makePrefix("one")
        try SymbolicLink.make(workspace.path + "/link", to: "w")
        #expect(locator("", workdir: "link").workdirLink() == workspace.path + "/link")
        #expect(locator("", workdir: "w").workdirLink() == nil)
        #expect(try locator("", workdir: "link").workdir().path == Directories.real(workdir.path))
    }
}
