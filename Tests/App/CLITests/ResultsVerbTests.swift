import AtollSettings
import AtollDirectives
import ArgumentParser
import AtollClaims
import AtollInstances
import AtollModel
import AtollPlatform
import AtollResults
import AtollTaskRuns
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollCLI

@Suite struct ResultsVerbTests {
    private let desk: Desk
    private let passed = CheckDetail(item: "foo-1-1", type: "koji_build", outcome: .passed, checkname: "scratch.size-check")
    private let failed = CheckDetail(
        item: "foo-1-1", type: "koji_build", outcome: .failed, note: "too big", checkname: "scratch.size-check")

    init() throws { desk = try Desk() }

    @Test func aKeptVMIsToldAsLongAsItIsThere() throws {
        let until = Date(timeIntervalSince1970: 1_900_007_200)
        let run = try desk.add("r1", exit: 100) { record in
            record.keptUntil = until
            record.login = "ssh root@192.168.200.9"
            record.item = "foo-1-1"
        }
        func machine(_ now: Date) throws -> KeptMachine { try #require(KeptMachine(run.record, root: desk.root, now: now)) }
        #expect(try machine(until - 60).lines == ["the VM was kept until 2030-03-17 19:46:40 UTC, and is gone"])
        #expect(RunDocument.value(run, root: desk.root)["login"] == .null && RunDocument.value(run, root: desk.root)["is_kept"] == false)

        try Directories.make(RunDirectory.parent(desk.root) + "/r1")
        #expect(
            try machine(until - 60).lines == [
                "the VM is kept until 2030-03-17 19:46:40 UTC: ssh root@192.168.200.9", "remove it with: atoll gc r1",
            ])
        #expect(try machine(until + 60).lines == ["the VM was kept until 2030-03-17 19:46:40 UTC; it goes with: atoll gc"])
        let document = RunDocument.value(run, root: desk.root)
        #expect(document["kept_until"]?.text == "2030-03-17T19:46:40Z" && document["login"]?.text == "ssh root@192.168.200.9")
        #expect(document["is_kept"] == true && document["item"]?.text == "foo-1-1")

        let other = try desk.add("r2").record
        #expect(KeptMachine(other, root: desk.root) == nil)
        #expect(
            ResultsListVerb.table([(run.record, try machine(until - 60)), (other, nil)]) == """
                RUN  OUTCOME  EXIT  TIME   VM KEPT UNTIL            ON    ITEM     WHAT
                r1   -        100   2.0 s  2030-03-17 19:46:40 UTC  tiny  foo-1-1  size-check
                r2   -        0     2.0 s  -                        tiny  -        size-check
                """)
        #expect(
            ResultsListVerb.table([(other, nil)]) == """
                RUN  OUTCOME  EXIT  TIME   ON    ITEM  WHAT
                r2   -        0     2.0 s  tiny  -     size-check
                """)
    }

    @Test func severalRunsAreShownTogether() throws {
        let runs = [
            (try desk.add("i-1", invocation: "i", details: [passed]), [passed]),
            (try desk.add("i-2", invocation: "i", exit: 100, details: [failed]), [failed]),
        ]
        #expect(
            runs.flatMap { ResultsShowVerb.short($0.record, $1, hasRemains: false) }.joined(separator: "\n") == """
                i-1  size-check on tiny (libvirt), 2.0 s: exit code 0
                OUTCOME  CHECK               ITEM     NOTE
                PASSED   scratch.size-check  foo-1-1  \n
                i-2  size-check on tiny (libvirt), 2.0 s: exit code 100, it broke
                OUTCOME  CHECK               ITEM     NOTE
                FAILED   scratch.size-check  foo-1-1  too big

                """)
        let selection = try RunSelection.parse(["--all", "i-1"])
        #expect(try selection.runs(in: desk.store).map(\.record.run) == ["i-1", "i-2"])
        #expect(try RunSelection.parse(["i-1"]).runs(in: desk.store).map(\.record.run) == ["i-1"])
    }

    @Test func whatAKilledRunLeftIsToldAsLongAsItIsThere() throws {
        let (_, record) = try desk.add("k-1", exit: nil) { $0.pid = 0x3FFF_FFFF }
        let tasks = try TaskSession(try desk.session())
        #expect(RunDocument.ending(record, hasRemains: tasks.hasRemains("k-1")) == "killed")
        for place in [desk.root.path + "/runs/k-1", tasks.settings.userTmpdir + "/k-1"] {
            try Directories.make(place)
            #expect(tasks.hasRemains("k-1"), "\(place)")
            try Directories.removeTree(place)
        }
        #expect(RunDocument.ending(record, hasRemains: true) == "killed; what it left goes with: atoll gc")
    }

    @Test func runsThatEndedAndLeftNothingAreRemoved() async throws {
        let (gone, _) = try desk.add("i-1", invocation: "i")
        let (kept, _) = try desk.add("i-2", invocation: "i")
        let (other, _) = try desk.add("j")
        let (running, _) = try desk.add("busy", exit: nil)
        let session = try desk.session()
        func remove(_ words: String...) async throws { try await ResultsRemoveVerb.parse(words).execute(session) }
        // One that is refused keeps the others of the line, too.
        await #expect(throws: UsageError.self) { try await remove("j", "busy") }
        try Directories.make(desk.root.path + "/runs/i-2")
        await #expect(throws: UsageError.self) { try await remove("--all", "i-1") }
        try await remove("-n", "i-1")
        #expect([gone, kept, other, running].allSatisfy { SystemCall.exists($0.record) })
        try await remove("i-1", "i-1")
        #expect(!SystemCall.exists(gone.path) && SystemCall.exists(kept.record) && SystemCall.exists(other.record))
        await #expect(throws: TaskError.self) { try await remove("i-1") }
        // The one run that begins so, and a variable that is not set: none of them was named.
        let (longer, _) = try desk.add("longer")
        for word in ["long", ""] { await #expect(throws: TaskError.self) { try await remove(word) } }
        #expect(SystemCall.exists(longer.record))
        try await remove("longer")
        try Directories.removeTree(desk.root.path + "/runs/i-2")
        try await remove("--all", "i-2")
        #expect(try Directories.list(desk.store.directory) == ["busy", "j"])
    }

    @Test func severalRunsAreOneDocument() throws {
        let runs = [
            try desk.add("i-1", invocation: "i", details: [passed]), try desk.add("i-2", invocation: "i", exit: 100, details: [failed]),
            try desk.add("i-3", invocation: "i", exit: 101), try desk.add("i-4", invocation: "i", exit: nil) { $0.pid = 0x3FFF_FFFF },
            try desk.add("i-5", invocation: "i"),
        ]
        let junit = try ResultsJUnitVerb.parse(["--all"]).document(of: runs, try desk.session())
        #expect(junit.split(separator: "\n").count { $0.hasPrefix("  <testsuite ") } == 5 && junit.contains("<testsuites "))
        #expect(try JUnitReader.read(junit).map(\.suite) == (1...4).map { "i-\($0) size-check" })
        // Nothing that broke looks like nothing that was run.
        #expect(try JUnitReader.read(junit).map(\.status) == [.passed, .failed, .error, .error])
        #expect(try JUnitReader.read(junit).map(\.message) == ["", "too big", "it broke", "the run was killed"])
        #expect(junit.contains("type=\"CRASHED\">it broke") && junit.contains("type=\"ABORTED\">the run was killed"))

        let export = try ResultsExportVerb.parse(["--all"])
        let exported = try ResultYAML.parse(try export.document(of: runs, try desk.session()))
        #expect(Array(exported.prefix(2)) == [passed, failed] && exported.map(\.outcome) == [.passed, .failed, .crashed, .aborted])
        #expect(exported[3].item == "size-check" && exported[3].type == "task")
        #expect(
            try export.document(of: runs, try desk.session(["-f", "json"])).contains("\"1 PASSED, 1 FAILED, 1 ABORTED, 1 CRASHED\""))

        let html = try ResultsHTMLVerb.parse(["--all"])
        let page = try html.document(of: runs, try desk.session())
        #expect(page.contains("<h2>i-4  size-check on tiny (libvirt), 2.0 s: killed") && page.contains("too big"))
    }

    @Test func whatHasNotEndedIsNoDocument() async throws {
        try desk.add("i-1", invocation: "i", details: [passed])
        try desk.add("i-2", invocation: "i", exit: nil)
        for words in [["--all", "i-1"], ["i-2"]] {
            let verb = try ResultsJUnitVerb.parse(words)
            let session = try desk.session()
            let error = await #expect(throws: UsageError.self) { try await verb.execute(session) }
            #expect(error?.description.contains("i-2 has not ended yet") == true)
        }
    }

    @Test func aBadLineOfTheSettingsStopsNothingThatLooks() throws {
        try desk.workspace.write(".config/taskotron/taskotron.yaml", "keep_for: soon\nimagesdir: /i\n")
        #expect(throws: InvalidInput.self) { try TaskSession(try desk.session()) }
        let tasks = try TaskSession(try desk.session(), isLenient: true)
        #expect(tasks.settings.imagesdir == "/i" && tasks.settings.keepFor == 7200 && tasks.store == desk.store)
    }
}

@Suite struct RepetitionTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test func itGoesWhereTheRunItRepeatsWent() throws {
        let repetition = Repetition(of: try desk.add("r1"))
        try repetition.check(mode: "libvirt")
        let error = #expect(throws: UsageError.self) { try repetition.check(mode: "local") }
        #expect(
            error?.description
                == "r1 ran with the mode libvirt, and this would run with local; type: TASKOTRON_RUNTASK_MODE=libvirt atoll rerun r1"
        )
        let ssh = Repetition(of: try desk.add("r2") { ($0.mode, $0.target) = ("ssh", "root@h:22") })
        #expect(#expect(throws: UsageError.self) { try ssh.check(mode: "local") }?.description.hasSuffix("--ssh root@h:22") == true)
    }

    @Test func whatChangedSinceIsSaid() throws {
        let run = try desk.add("r1") { ($0.formulaDigest, $0.image, $0.imageDigest) = ("a", "tiny", "1") }
        let repetition = Repetition(of: run)
        var record = run.record
        #expect(repetition.formulaDifference(record) == nil && repetition.imageDifference(record) == nil)
        (record.formula, record.formulaDigest, record.imageDigest) = ("/t.yml", "b", "2")
        #expect(repetition.formulaDifference(record) == "the formula /t.yml is not what it was when r1 ran")
        try AtomicFile.write("x", to: run.files.formula)
        #expect(repetition.formulaDifference(record)?.hasSuffix("; what ran then is kept as \(run.files.formula)") == true)
        #expect(repetition.imageDifference(record)?.contains("is not what it was when r1 ran: 2, then 1") == true)
        record.image = "debian-12"
        #expect(repetition.imageDifference(record) == "this ran on the image debian-12, and r1 on tiny")
    }

    @Test func whatDecidedSomethingBesideTheWordsIsRecordedAndSecretsAreNot() {
        let recorded = RunEnvironment.recorded([
            "TASKOTRON_DEFAULT_IMAGE": "tiny", "TASKOTRON_RESULTSDB_TOKEN": "s3cret", "TASKOTRON_VAULT_PASSWORD": "s3cret",
            "TASKOTRON_RESULTSDB_SERVER": "http://me:s3cret@host/api", "TASKOTRON_ARTIFACTSDIR": "/a", "TASKOTRON_RUNTASK_MODE": "libvirt",
            "HOME": "/root", "TASKOTRON_EGRESS": "https://host/api?access_token=s3cret",
            "TASKOTRON_IMAGEURL": "https://host/i.qcow2?X-Amz-Signature=s3cret",
        ])
        #expect(recorded == ["TASKOTRON_DEFAULT_IMAGE": "tiny"])
        #expect(RunEnvironment.recorded(["HOME": "/"]) == nil)
        let request = RunRecord.Request(verb: "run", arguments: ["run", "tiny"], directory: "/", environment: recorded)
        #expect(request.words == ["env", "TASKOTRON_DEFAULT_IMAGE=tiny", "atoll", "run", "tiny"])
    }

    @Test func globalOptionsThatCountAreRepeatedUnlessGivenAnew() throws {
        let typed = try GlobalOptions.parse([
            "--accel", "tcg", "--lease-dir", "/l", "--libvirt-user", "u", "--libvirt-password", "s3cret", "-f", "json", "-j", "3",
        ])
        #expect(typed.taskWords == ["--accel=tcg", "--lease-dir=/l", "--libvirt-user=u"])
        #expect(try GlobalOptions.parse(["--libvirt-url", "qemu+tcp://u:s3cretpw@h/system"]).taskWords == [])
        let socket = "--libvirt-url=qemu:///system?socket=/run/l"
        #expect(try GlobalOptions.parse([socket]).taskWords == [socket])
        let now = try GlobalOptions.parse(["--lease-dir", "/m"]).completed(by: typed)
        #expect(now[.accel] == "tcg" && now[.leaseDir] == "/m" && now[.outFormat] == nil && now[.jobs] == nil)
    }

    @Test("-j with a malformed job is the job, which only warns; a number is the number of runs")
    func malformedJob() {
        for value in ["nonsense", "all", "5x", "1.5", "all/x", "a/b/c", "/"] {
            for words in [["-j", value], ["-j" + value], ["-j=" + value]] {
                #expect(
                    ProgramNames.words("runtask", words + ["--local", "t.yml"]) == ["runtask", "--jobid=" + value, "--local", "t.yml"])
                #expect(ProgramNames.words("atoll", ["runtask"] + words) == ["runtask", "--jobid=" + value])
            }
        }
        for words in [["-j", "2"], ["-j2"], ["-j=2"], ["-j"], ["-j", "--local"]] {
            #expect(ProgramNames.words("runtask", words) == ["runtask"] + words)
        }
    }

    @Test(arguments: [["-j", "all/5"], ["-jall/5"], ["-j=all/5"]]) func theJobOfOldScriptsIsTaken(_ words: [String]) {
        #expect(ProgramNames.words("runtask", words + ["t.yml"]) == ["runtask", "--jobid=all/5", "t.yml"])
        #expect(ProgramNames.words("atoll", ["runtask"] + words) == ["runtask", "--jobid=all/5"])
        #expect(ProgramNames.words("atoll", ["-f", "json", "runtask"] + words) == ["-f", "json", "runtask", "--jobid=all/5"])
        // What a guest is to run stays as it is, and so does a file with such a name.
        #expect(ProgramNames.words("atoll", ["run", "tiny", "--", "runtask"] + words) == ["run", "tiny", "--", "runtask"] + words)
        #expect(ProgramNames.words("runtask", ["--"] + words) == ["runtask", "--"] + words)
        #expect(ProgramNames.words("atoll", ["runtask", "-j2", "-j-1"]) == ["runtask", "-j2", "--jobid=-1"])
    }
}
