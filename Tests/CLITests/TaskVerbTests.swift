import ArgumentParser
import AtollClaims
import AtollDisposable
import AtollModel
import AtollPlatform
import AtollResults
import AtollSettings
import AtollTasks
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollCLI

/// A session of somebody whose runs and settings lie in a workspace.
private struct Desk {
    struct Unused: Error {}
    let workspace: Workspace
    let store: RunStore

    init() throws {
        workspace = try Workspace("atoll-desk")
        store = RunStore(directory: workspace.path + "/artifacts")
    }

    var root: StateRoot { StateRoot(path: workspace.path + "/state") }

    func session(_ words: [String] = [], _ environment: [String: String] = [:]) throws -> Session {
        let own = [
            "HOME": workspace.path, "XDG_CONFIG_DIRS": "/nonexistent", "ATOLL_STATE": root.path, "TASKOTRON_ARTIFACTSDIR": store.directory,
            "TASKOTRON_TMPDIR": workspace.path + "/tmp",
        ]
        let runtime = Runtime(
            environment: own.merging(environment) { $1 }, workingDirectory: workspace.path, makeHost: { _ in throw Unused() },
            makeCatalog: { _ in throw Unused() }, share: { "" }, examine: { _ in [] })
        return try Session(verb: "results show", global: try GlobalOptions.parse(words), runtime: runtime)
    }

    @discardableResult
    func add(
        _ run: String, invocation: String? = nil, exit: Int32? = 0, details: [CheckDetail] = [],
        _ change: (inout RunRecord) -> Void = { _ in }
    ) throws -> StoredRun {
        let files = RunFiles(artifacts: store.directory, run: run)
        try Directories.make(files.own)
        var record = RunRecord(
            run: run, invocation: invocation ?? run, request: .init(verb: "runtask", arguments: [], directory: "/"), title: "size-check",
            mode: "libvirt", target: "tiny", started: Date(timeIntervalSince1970: 1_900_000_000), pid: getpid(), version: "1")
        record.exitCode = exit
        if let exit {
            record.state = .finished
            record.finished = record.started.addingTimeInterval(2.5)
            record.outcome = details.map(\.outcome).max()?.rawValue
            if exit != 0 { record.note = "it broke" }
        }
        record.stages = [.init(name: "task", seconds: 2)]
        change(&record)
        try record.save(to: files)
        try AtomicFile.write(try ResultYAML.text(details), to: files.results)
        return (files, record)
    }
}

@Suite struct TimeOptionTests {
    @Test func timesHaveUnitsAndSurviveARerun() throws {
        let options = try TaskOptions.parse(["--timeout", "10m", "--silence=90", "--keep-for", "2h", "--exclude", ".git", "--exclude=*.o"])
        #expect(options.timeout?.value == 600 && options.silence?.value == 90 && options.keepFor?.value == 7200)
        #expect(options.words == ["--exclude=.git", "--exclude=*.o", "--keep-for=7200", "--timeout=600", "--silence=90"])
        #expect(try TaskOptions.parse(options.words).words == options.words)
    }

    @Test(arguments: [
        ("10min", "; did you mean 10m?"), ("2 hours", "; did you mean 2h?"), ("1.5h", "; did you mean 5400s?"), ("soon", "1h30m"),
        ("0", "1h30m"),
        ("500ms", "1h30m"), ("99999999999999999999h", "1h30m"),
    ])
    func otherTextIsRefusedWithExamples(_ text: String, _ end: String) {
        let error = #expect(throws: (any Error).self) { try TaskOptions.parse(["--timeout", text]) }
        let message = TaskOptions.message(for: error ?? CancellationError())
        #expect(message.contains("--timeout") && message.contains("seconds, or a time such as 90s, 10m or 1h30m"), "\(message)")
        #expect(message.hasSuffix(end), "\(message)")
    }

    @Test func wordsAreCompleted() {
        let script = AtollCommand.completionScript(for: .bash)
        for words in [["on", "off"], ["failure", "always", "never", "PASSED"]] {
            #expect(script.contains(words.map { "'\($0)" }.joined(separator: "'$'\\n'")), "\(words)")
        }
    }
}

@Suite struct ConfigurationTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test(arguments: [
        (["TASKOTRON_PROFILE": "foo"], "profile: found the text"), (["TASKOTRON_RUNTASK_MODE": "zz"], "runtask_mode: found the text"),
    ])
    func whatIsWrongWithItIsOneForRunsAndTwoForOthers(_ environment: [String: String], _ words: String) async throws {
        let session = try desk.session([], environment)
        let verbs: [any TaskVerb] = [
            try RunVerb.parse(["tiny", "--", "true"]), try RunTaskVerb.parse(["t.yml"]), try RerunVerb.parse([]),
        ]
        for verb in verbs {
            let error = await #expect(throws: ConfigurationFailure.self) { try await verb.execute(session) }
            #expect(error.map(Ending.code) == 1 && error.flatMap(Ending.text)?.contains(words) == true)
        }
        let other = await #expect(throws: InvalidInput.self) { try await ResultsRemoveVerb.parse(["r"]).execute(session) }
        #expect(other.map(Ending.code) == 2)
    }

    @Test func aFileThatIsNoMappingOrTooFarIsOne() async throws {
        try desk.workspace.write(".config/taskotron/taskotron.yaml", "- a\n")
        let error = #expect(throws: ConfigurationFailure.self) { try TaskSession.forRuns(try desk.session()) }
        #expect(error.map(Ending.code) == 1)
    }

    @Test func namespacesAreReadInProductionAloneAndTheirAbsenceIsSaid() throws {
        let production = ["TASKOTRON_PROFILE": "production"]
        #expect(try TaskSession(try desk.session()).namespaces().rules == nil)
        let missing = try TaskSession(try desk.session([], production)).namespaces()
        #expect(missing.rules == Namespaces() && missing.absence?.contains("namespaces.yaml is not in \(desk.workspace.path)") == true)
        try desk.workspace.write(".config/taskotron/namespaces.yaml", "namespaces_safe: [mine]\n")
        #expect(try TaskSession(try desk.session([], production)).namespaces() == (Namespaces(safe: ["mine"]), nil))
        try desk.workspace.write(".config/taskotron/namespaces.yaml", "namespaces_safe: 1\n")
        #expect(throws: ConfigurationFailure.self) { try TaskSession(try desk.session([], production)).namespaces() }
    }

    @Test func linksAreThoseThatLeadSomewhere() throws {
        let plain = try TaskSession(try desk.session())
        #expect(plain.links(run: "r") == RunLinks())
        #expect(plain.links(run: "r", jobid: "junk") == RunLinks(job: "http://localhost/taskmaster"))
        let job = "https://ci/builders/all/builds/17"
        let set = try TaskSession(
            try desk.session(
                [],
                [
                    "TASKOTRON_TASKOTRON_MASTER": "https://u:pass@ci/", "TASKOTRON_PROFILE": "production",
                    "TASKOTRON_BUILDBOT_TASK_STEP": "s",
                ]))
        let links = RunLinks(artifacts: "http://localhost/artifacts/r", job: job, log: job + "/steps/s/logs/stdio")
        #expect(set.links(run: "r", jobid: "all/17") == links)
    }
}

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
        ])
        #expect(recorded == ["TASKOTRON_DEFAULT_IMAGE": "tiny"])
        #expect(RunEnvironment.recorded(["HOME": "/"]) == nil)
        let request = RunRecord.Request(verb: "run", arguments: ["run", "tiny"], directory: "/", environment: recorded)
        #expect(request.words == ["env", "TASKOTRON_DEFAULT_IMAGE=tiny", "atoll", "run", "tiny"])
    }

    @Test func globalOptionsThatCountAreRepeatedUnlessGivenAnew() throws {
        let typed = try GlobalOptions.parse([
            "--accel", "tcg", "--lease_dir", "/l", "--libvirt-user", "u", "--libvirt-password", "s3cret", "-f", "json", "-j", "3",
        ])
        #expect(typed.taskWords == ["--accel=tcg", "--libvirt-user=u", "--lease_dir=/l"])
        #expect(try GlobalOptions.parse(["--libvirt_url", "qemu+tcp://u:s3cretpw@h/system"]).taskWords == [])
        let now = try GlobalOptions.parse(["--lease_dir", "/m"]).completed(by: typed)
        #expect(now.accel == "tcg" && now.leaseDir == "/m" && now.outFormat == nil && now.jobs == nil)
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

@Suite struct RunSummaryTests {
    @Test func itSaysWhatDidNotGoWell() throws {
        let desk = try Desk()
        let records = [try desk.add("a-1").record, try desk.add("a-2", exit: 103).record]
        #expect(RunSummary(records, of: 3).lines == ["1 of 3 runs well; 1 not begun", "  a-2: exit 103, it broke"])
        #expect(RunSummary([records[0]]).lines == ["1 of 1 runs well"])
        let event = TaskEvents.summary(runs: 3, well: 1)
        #expect(event["event"]?.text == "summary" && event["runs"] == 3 && event["well"] == 1)
    }
}

@Suite struct TaskEventTests {
    private let time = Date(timeIntervalSince1970: 1_900_000_000.25)

    @Test func everyEventHasItsTime() throws {
        let desk = try Desk()
        let (files, record) = try desk.add("r1")
        let started = TaskEvents.started(record, files: files, at: time)
        #expect(
            TaskEvents.line(started)
                == #"{"artifacts": "\#(files.path)", "event": "started", "run": "r1", "target": "tiny", "#
                + #""time": "2030-03-17T17:46:40.250Z", "title": "size-check"}"#)
        let events = [
            TaskEvents.output(run: "r1", .errors, "x", at: time), TaskEvents.finished(record, files: files, at: time),
            TaskEvents.summary(runs: 2, well: 2, at: time),
        ]
        #expect(events.map { $0["event"]?.text } == ["output", "finished", "summary"])
        #expect(events.allSatisfy { $0["time"]?.text == "2030-03-17T17:46:40.250Z" })
        #expect(events[0]["stream"]?.text == "stderr" && events[0]["text"]?.text == "x")
    }

    @Test func theEndSaysHowLongItTookAndWhatIsKept() throws {
        let desk = try Desk()
        let (files, record) = try desk.add("r1", exit: 100)
        let plain = TaskEvents.finished(record, files: files)
        #expect(plain["seconds"] == 2.5 && plain["exit_code"] == 100 && plain["note"]?.text == "it broke")
        #expect(plain["kept_until"] == nil && plain["login"] == nil)
        var kept = record
        kept.keptUntil = Date(timeIntervalSince1970: 1_900_000_000)
        kept.login = "ssh x"
        let event = TaskEvents.finished(kept, files: files)
        #expect(event["kept_until"]?.text == "2030-03-17T17:46:40Z" && event["login"]?.text == "ssh x")
    }
}

@Suite struct ScreenLineTests {
    /// What is wanted before a line of ours, after these writes.
    private func ends(_ shown: Set<Int32>, _ writes: (String, to: Int32)...) -> [Bool] {
        var line = ScreenLine(shown: shown)
        for (text, descriptor) in writes { line.wrote(Array(text.utf8), to: descriptor) }
        let first = line.end()
        return [first, line.end()]
    }

    @Test func aLineOfOursBeginsInANewLineOfTheScreen() {
        #expect(ends([1, 2]) == [false, false])
        #expect(ends([1, 2], ("no end", to: 1), ("", to: 2)) == [true, false])
        #expect(ends([1, 2], ("prompt", to: 1), ("end\n", to: 2)) == [false, false])
    }

    @Test func whatTheScreenDoesNotShowDoesNotCount() {
        #expect(ends([2], ("into a file", to: 1)) == [false, false])
        #expect(ends([2], ("on the screen", to: 2), ("into a file\n", to: 1)) == [true, false])
        #expect(ends([], ("x", to: 2)) == [false, false])
    }

    @Test func aTerminalIsToldFromAFile() throws {
        var (main, other, second, third): (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
        #expect(openpty(&main, &other, nil, nil, nil) == 0 && openpty(&second, &third, nil, nil, nil) == 0)
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { for descriptor in [main, other, second, third, null] { close(descriptor) } }
        #expect(ScreenLine.onTerminal(other, other) == [other])
        let copy = dup(other)
        defer { close(copy) }
        #expect(ScreenLine.onTerminal(copy, other) == [copy, other])
        #expect(ScreenLine.onTerminal(null, other) == [other] && ScreenLine.onTerminal(third, other) == [other])
        #expect(ScreenLine.onTerminal(other, null) == [])
    }
}

@Suite struct GcRowTests {
    @Test func artifactsAreNamedWithTheirPlace() throws {
        let desk = try Desk()
        let (files, record) = try desk.add("r1")
        let sweep = ArtifactSweep(desk.store, now: record.started + 86400 * 40) { _ in false }
        let row = GcVerb.Row(try #require(try sweep.run(olderThan: 30, dryRun: true).first))
        #expect(row.line == "r1  artifacts would be removed: \(files.path), ended 2030-03-17 17:46:42 UTC")
        var forged = row
        forged.run = "r1\nr2"
        #expect(!forged.line.contains("\n"))
        #expect(row.document["what"]?.text == "artifacts" && row.document["outcome"]?.text == "would be removed" && !row.isFailure)
    }

    @Test func allRunsOrNamedOnes() async throws {
        let verb = try GcVerb.parse(["r1", "--artifacts-older-than", "3"])
        let session = try Desk().session()
        await #expect(throws: UsageError.self) { try await verb.execute(session) }
        #expect(try GcVerb.parse(["-n"]).dryRun)
    }
}

@Suite struct GenerateConfigTests {
    @Test func theFileAndItsDirectoryAreMadeAndAnOldOneIsLeftAlone() async throws {
        let desk = try Desk()
        let session = try desk.session([], ["ATOLL_SANDBOX_STORE": "/s", "ATOLL_ACCEL": "tcg"])
        let path = desk.workspace.path + "/new/dir/atoll.conf"
        let verb = try GenerateConfigVerb.parse(["--output", "new/dir/atoll.conf"])
        try await verb.execute(session)
        let text = try AtomicFile.text(path)
        #expect(text.contains("\naccel = tcg\n") && !text.contains("sandbox_store") && !text.contains("state"))
        #expect(SystemCall.status(path).map { $0.st_mode & 0o777 } == 0o600)
        let error = await #expect(throws: UsageError.self) { try await verb.execute(session) }
        #expect(error?.description.contains("atoll generate-config | diff") == true)
        #expect(try AtomicFile.text(path) == text)
    }
}

@Suite struct ImageTableTests {
    @Test func whatIsThereHasATimeAndASize() throws {
        let workspace = try Workspace("atoll-images")
        try workspace.write("260131_1205-debian-12-cloud-x86_64.qcow2", "x")
        let images = TaskImages(directory: workspace.path, catalog: nil)
        let lines = ImageTable(images).text(try images.list()).split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true)
        }
        #expect(lines[0].joined(separator: " ") == "MADE SIZE KIND DISTRO RELEASE FLAVOR ARCH NAME")
        #expect(lines[1].prefix(2) == ["2026-01-31", "12:05"])
        #expect(lines[1].suffix(6) == ["file", "debian", "12", "cloud", "x86_64", "260131_1205-debian-12-cloud-x86_64.qcow2"])
    }
}
