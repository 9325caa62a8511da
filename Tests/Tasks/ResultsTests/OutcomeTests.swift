import AtollModel
import AtollResults
import Testing

@Suite struct OutcomeTests {
    @Test("check 35: a fresh detail reads NEEDS_INSPECTION, and updates only make it worse")
    func updates() throws {
        var detail = CheckDetail(item: "foo-1-1")
        #expect(detail.outcome == .needsInspection)
        try detail.updateOutcome(word: nil)
        detail.updateOutcome(.passed)
        #expect(detail.outcome == .passed)
        try detail.updateOutcome(word: "FAILED")
        #expect(detail.outcome == .failed)
        detail.updateOutcome(.passed)
        #expect(detail.outcome == .failed)
        try detail.updateOutcome(word: nil)
        #expect(detail.outcome == .failed)
        detail.outcome = .passed
        #expect(detail.outcome == .passed)
    }

    @Test("check 36: an unknown outcome is an error wherever it is given, and changes nothing")
    func unknownWords() throws {
        #expect(throws: ResultsError.self) { try CheckDetail(item: "x", outcomeWord: "OK") }
        var detail = CheckDetail(item: "x", outcome: .info)
        #expect(throws: ResultsError.self) { try detail.setOutcome(word: "WAIVED") }
        #expect(throws: ResultsError.self) { try detail.updateOutcome(word: "") }
        #expect(detail.outcome == .info)
        #expect(throws: ResultsError.self) { try Outcome.compare(words: "ERROR", "ERROR") }
        #expect(throws: ResultsError.self) { try Outcome.compare(words: nil, "ERROR") }
        let error = #expect(throws: ResultsError.self) { try Outcome(parsing: "passed") }
        #expect(error?.code == .value)
        #expect(error?.message.contains("did you mean PASSED?") == true)
    }

    @Test("check 37: CRASHED > ABORTED > NEEDS_INSPECTION > FAILED > INFO > PASSED > none")
    func order() throws {
        let words: [String?] = [nil, "PASSED", "INFO", "FAILED", "NEEDS_INSPECTION", "ABORTED", "CRASHED"]
        for (i, a) in words.enumerated() {
            for (j, b) in words.enumerated() {
                #expect(try Outcome.compare(words: a, b) == (i < j ? -1 : i > j ? 1 : 0))
            }
        }
        #expect(Outcome.allCases.filter(\.isBroken) == [.aborted, .crashed])
        #expect(Outcome.allCases.filter(\.isGood) == [.passed, .info])
    }

    @Test("check 38: a summary counts in order of priority; nothing is empty; a word is no list")
    func summary() throws {
        let words: Value = ["PASSED", "ABORTED", "INFO", "FAILED", "INFO", "PASSED"]
        #expect(try OutcomeSummary.text(words: words) == "2 PASSED, 2 INFO, 1 FAILED, 1 ABORTED")
        #expect(OutcomeSummary.text([CheckDetail]()) == "")
        #expect(OutcomeSummary.text(CheckDetail(item: "x", outcome: .crashed)) == "1 CRASHED")
        #expect(throws: ResultsError.self) { try OutcomeSummary.text(words: "PASSED") }
        #expect(throws: ResultsError.self) { try OutcomeSummary.text(words: ["PASSED", "GOOD"]) }
    }

    @Test("check 43: exitcode is 0 for PASSED and INFO, 100 for the rest")
    func exitVerdict() {
        func details(_ outcomes: Outcome...) -> [CheckDetail] { outcomes.map { CheckDetail(item: "x", outcome: $0) } }
        #expect(ExitVerdict.code(worst: details(.passed, .info)) == 0)
        for bad in [Outcome.failed, .needsInspection, .aborted, .crashed] {
            #expect(ExitVerdict.code(worst: details(bad, .passed)) == 100)
            #expect(ExitVerdict.code(last: details(bad, .passed)) == 0)
            #expect(ExitVerdict.code(last: details(.passed, bad)) == 100)
        }
        #expect(ExitVerdict.code(worst: []) == 0)
        #expect(ExitVerdict.code(last: []) == 0)
    }

    @Test("output is kept, and left out of the text form")
    func output() {
        var detail = CheckDetail(item: "x", outcome: .failed, note: "3 errors")
        detail.store("a long line", printout: false)
        #expect(detail.output == ["a long line"])
        #expect(!"\(detail)".contains("a long line"))
        #expect("\(detail)".contains("3 errors"))
        let broken = CheckDetail.broken(.aborted, item: "x", type: "koji_build", checkname: "c", reason: "no network\nmirror 1\nmirror 2")
        #expect(broken.note == "no network")
        #expect(broken.output == ["mirror 1", "mirror 2"])
        #expect(broken.isBroken)
        // A line that only leads to others says nothing alone.
        let status = "the command `echo hi` ended with status 125:\ncat: write error\nshim: cannot write /x\n"
        #expect(CheckDetail.headline(status) == "the command `echo hi` ended with status 125: shim: cannot write /x")
        #expect(CheckDetail.headline("alone:\n") == "alone:" && CheckDetail.headline("") == "")
    }
}
