import AtollModel
import Foundation
import OrderedCollections
import Testing

@testable import AtollFormula

@Suite("Formula: arguments of a run") struct RunArgumentsTests {
    private typealias Change = (inout RunArguments.Original) -> Void

    private func process(mode: RunMode = .local, _ change: (inout RunArguments.Original) -> Void) throws -> RunArguments {
        var original = RunArguments.Original(task: "sub/../t.yml")
        change(&original)
        return try RunArguments.process(
            original, currentDirectory: "/home/me", artifactsRoot: "/artifacts/", date: Date(timeIntervalSince1970: 1_767_268_800.123456),
            defaultMode: mode)
    }

    private func problems(_ change: (inout RunArguments.Original) -> Void) -> [String] {
        do {
            _ = try process(change)
            return []
        } catch let error as UsageError { return error.problems } catch { return ["\(error)"] }
    }

    private let formula: Formula

    init() throws { formula = try Formula.parse("name: t\nactions: [{shell: ls}]\n", file: "t.yml") }

    @Test("a job is BUILDER/BUILD; anything else is a warning and never an error")
    func jobs() throws {
        let job = try #require(CIJob("all x/17"))
        #expect(job.url(master: "http://ci") == "http://ci/builders/all%20x/builds/17")
        #expect(job.logURL(master: "http://ci", step: "runtask") == "http://ci/builders/all%20x/builds/17/steps/runtask/logs/stdio")
        #expect(CIJob("a?b#c/1")?.url(master: "http://ci") == "http://ci/builders/a%3Fb%23c/builds/1")
        for text in ["-1", "", "junk", "a/", "/1", "a/b", "a/1/2", "a/-1"] { #expect(CIJob(text) == nil, "\(text)") }
        #expect(try process { $0.jobid = "junk" }.warnings.first?.contains("--jobid 'junk' is not BUILDER/BUILD") == true)
        #expect(try process { $0.jobid = "all/17" }.warnings.isEmpty && process { _ in }.warnings.isEmpty)
    }

    @Test("overrides whose names say so are secrets")
    func secrets() throws {
        let arguments = try process {
            $0.overrides = ["db_password=hunter2", "API_KEY=abcd", "workdir=/tmp/w", "token=x", "monkey=banana"]
        }
        #expect(arguments.secrets == ["hunter2", "abcd"])
    }

    @Test("check 1: --local with --libvirt is a usage error")
    func check1() {
        #expect(
            problems {
                $0.local = true
                $0.libvirt = true
            } == ["--local and --libvirt are mutually exclusive"])
    }

    @Test("check 2: so are --local with --ssh, --libvirt with --ssh, and all three")
    func check2() {
        for (local, libvirt) in [(true, false), (false, true), (true, true)] {
            let found = problems {
                $0.local = local
                $0.libvirt = libvirt
                $0.ssh = "r@h"
            }
            #expect(found.count == 1 && found[0].contains("are mutually exclusive"))
        }
    }

    @Test("check 3: --ssh without an @ is a usage error")
    func check3() { #expect(problems { $0.ssh = "user#host" }[0].contains("missing '@'")) }

    @Test("check 4: --ssh root@10.0.0.1 is port 22, :33 is 33, and :x is a usage error")
    func check4() throws {
        func machine(_ text: String) -> RemoteMachine? { try? RemoteMachine(text) }
        #expect(machine("root@10.0.0.1") == RemoteMachine(user: "root", host: "10.0.0.1", port: 22))
        #expect(machine("root@10.0.0.1:33") == RemoteMachine(user: "root", host: "10.0.0.1", port: 33))
        #expect(machine("root@[fe80::1%eth0]:2222") == RemoteMachine(user: "root", host: "fe80::1%eth0", port: 2222))
        #expect(machine("root@[::1]") == RemoteMachine(user: "root", host: "::1"))
        #expect(machine("root@[::1]:5")?.description == "root@[::1]:5")
        for wrong in [
            "root@10.0.0.1:x", "root@h:0", "root@h:65536", "root@h:", "root@h:+1", "root@::1", "root@[::1", "root@[h]:1", "root@[::1]x",
            "@h",
            "root@", "root@-oProxyCommand=x", "-l@h", "a b@h", "root@a@b", "root@[::1]:99999999999999999999",
        ] {
            #expect(problems { $0.ssh = wrong }.count == 1, "\(wrong)")
        }
    }

    @Test("check 5: -t nonsense is a usage error that lists the nine types")
    func check5() {
        let found = problems { $0.type = "nonsense" }[0]
        #expect(ItemType.allCases.count == 9)
        for type in ItemType.allCases { #expect(found.contains(type.rawValue)) }
    }

    @Test("check 6: -i X -t T defines the variable T as X, for every type", arguments: ItemType.allCases)
    func check6(type: ItemType) throws {
        let variables = try process {
            $0.item = type.example
            $0.type = type.rawValue
        }.variables(formula: formula, workdir: "/w")
        #expect(variables[type.rawValue] == .string(type.example))
        #expect(variables["item"] == .string(type.example) && variables["type"] == .string(type.rawValue))
    }

    @Test("check 7: what was typed is kept as it was, and found under _orig_args")
    func check7() throws {
        var original = RunArguments.Original(task: "t.yml")
        original.item = "X"
        original.ssh = "r@h"
        let before = original
        let arguments = try RunArguments.process(
            original, currentDirectory: "/d", artifactsRoot: "/a", date: Date(timeIntervalSince1970: 0), defaultMode: .local)
        #expect(original == before && arguments.original == before)
        let all = arguments.processed(arguments.variables(formula: formula, workdir: "/w"))
        #expect(all["_orig_args"]?["task"] == "t.yml" && all["task"] == "/d/t.yml")
        #expect(all["_orig_args"]?["machine"] == nil && all["machine"] == "h" && all["port"] == 22 && all["user"] == "r")
    }

    @Test("check 8: a relative task path becomes absolute")
    func check8() throws {
        let arguments = try process { _ in }
        #expect(arguments.task == "/home/me/t.yml" && arguments.taskdir == "/home/me")
        #expect(try process { $0.task = "/x//./y.yml" }.task == "/x/y.yml")
        #expect(try process { $0.task = "../../../t.yml" }.task == "/t.yml")
    }

    @Test("check 9: the default uuid is a time to the microsecond, and the artifacts directory ends with it")
    func check9() throws {
        let arguments = try process { _ in }
        #expect(arguments.uuid == "20260101_120000_123456")
        #expect(arguments.artifactsdir == "/artifacts/20260101_120000_123456")
        let pattern = /^\d{8}_\d{6}_\d{6}$/
        for time in [0, 951_782_399.999999, 1_709_164_800, 4_102_444_799.5] {
            #expect(try pattern.wholeMatch(in: RunIdentifier.make(at: Date(timeIntervalSince1970: time))) != nil)
        }
        #expect(RunIdentifier.make(at: Date(timeIntervalSince1970: 951_782_400)) == "20000229_000000_000000")
    }

    @Test("check 12: a command line is rebuilt from named arguments")
    func check12() {
        let arguments: OrderedDictionary<String, Value> = ["job_id": 1, "d": true, "arch": ["a", "b"], "x": nil, "q": false]
        let line = ["--arch", "a", "--arch", "b", "-d", "--job-id", "1"]
        #expect(reverseArguments(arguments) == line)
        #expect(reverseArguments(arguments, ignoring: ["job-id"]) == line)
        #expect(reverseArguments(arguments, ignoring: ["job_id", "arch"]) == ["-d"])
        #expect(reverseArguments(["n": 0, "text": "a 'b'"]) == ["-n", "0", "--text", "a 'b'"])
    }

    @Test("check 28: --override is honoured, and is text, whatever it looks like")
    func check28() throws {
        let arguments = try process { $0.overrides = ["workdir=/tmp/w", "code=__import__('os').getpid()", "n=1=2", "arch="] }
        let variables = arguments.variables(formula: formula, workdir: "/other")
        #expect(variables["workdir"] == "/tmp/w")
        #expect(variables["code"] == "__import__('os').getpid()")
        #expect(variables["n"] == "1=2" && variables["arch"] == "")
        #expect(problems { $0.overrides = ["novalue", "=x", "a b=c"] }.count == 3)
    }

    @Test func allErrorsAreReportedAtOnce() {
        let found = problems {
            $0.local = true
            $0.libvirt = true
            $0.arch = "vax"
            $0.type = "x"
            $0.uuid = "../x"
            $0.item = ""
            $0.task = ""
        }
        #expect(found.count == 6)
    }

    @Test(arguments: ["", ".", "..", "a/b", "-x", ".hidden", "a b", "é", "a\n", String(repeating: "x", count: 37)])
    func anIdentifierThatCannotNameFilesIsRefused(uuid: String) {
        #expect(problems { $0.uuid = uuid }.count == 1)
        #expect(RunIdentifier.isUsable(String(repeating: "x", count: 36)) && RunIdentifier.isUsable("a.b-c_1"))
    }

    @Test func severalRunsHaveIDsOfValidLength() throws {
        #expect(try RunIdentifier.names("a", count: 1) == ["a"] && RunIdentifier.names("a", count: 3) == ["a-1", "a-2", "a-3"])
        let long = String(repeating: "x", count: 34)
        #expect(try RunIdentifier.names(long, count: 9).allSatisfy(RunIdentifier.isUsable))
        let error = #expect(throws: UsageError.self) { try RunIdentifier.names(long, count: 10) }
        #expect(error?.problems.first?.hasPrefix("--uuid '\(long)' is too long for 10 runs") == true)
    }

    @Test func anItemWithoutATypeIsAWarning() throws {
        let item = try process { $0.item = "X" }
        #expect(item.warnings.count == 1 && item.warnings[0].contains("--item without --type"))
        #expect(item.variables(formula: formula, workdir: "/w")["item"] == "X")
        #expect(try process { $0.type = "koji_tag" }.warnings.count == 1)
        #expect(
            try process {
                $0.item = "X"
                $0.type = "koji_tag"
            }.warnings.isEmpty)
    }

    @Test func aFlagOverridesTheConfiguredMode() throws {
        #expect(try process(mode: .libvirt) { _ in }.mode == .libvirt)
        #expect(try process(mode: .libvirt) { _ in }.isModeExplicit == false)
        let local = try process(mode: .libvirt) { $0.local = true }
        #expect(local.mode == .local && local.isModeExplicit)
        #expect(try process { $0.ssh = "r@h:1" }.mode == .ssh(RemoteMachine(user: "r", host: "h", port: 1)))
    }

    @Test func hostOnlyArgumentsAreNotForwarded() throws {
        let arguments = try process {
            $0.item = "a 'b' c"
            $0.type = "koji_build"
            $0.arch = "x86_64"
            $0.debug = true
            $0.ssh = "r@h"
            $0.sshPrivkey = "/k"
            $0.overrides = ["a=1", "b=2"]
        }
        #expect(
            arguments.forwarded == [
                "--arch", "x86_64", "--debug", "--item", "a 'b' c", "--jobid", "-1", "--override", "a=1", "--override", "b=2",
                "--type", "koji_build", "--uuid", "20260101_120000_123456",
            ])
    }

    @Test func directoriesOnTheTaskMachineCanDiffer() throws {
        let variables = try process { _ in }.variables(formula: formula, workdir: "/w", artifactsdir: "/g/a", task: "/g/task/t.yml")
        #expect(variables["artifactsdir"] == "/g/a" && variables["taskdir"] == "/g/task" && variables["task"] == "/g/task/t.yml")
        #expect(variables["checkname"] == "t" && variables["namespace"] == "scratch")
        #expect(variables["item"] == nil && variables["machine"] == nil)
    }
}
