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
