import AtollResults
import AtollTaskRuns

/// How several runs ended, in a line with one more for each that did not end well.
struct RunSummary {
    private let records: [RunRecord]
    /// How many there were to be.
    let count: Int

    init(_ records: [RunRecord], of count: Int? = nil) {
        self.records = records
        self.count = count ?? records.count
    }

    var well: Int { records.count { $0.exitCode == 0 } }

    /// `2 of 3 runs well; 1 not begun`.
    var text: String { "\(well) of \(count) runs well\(records.count < count ? "; \(count - records.count) not begun" : "")" }

    var lines: [String] {
        [text]
            + records.filter { $0.exitCode != 0 }.map { record in
                let note = record.note.map { ", \(SafeText.line(CheckDetail.headline($0)))" } ?? ""
                return "  \(record.run): \(record.exitCode.map { "exit \($0)" } ?? "no exit code")\(note)"
            }
    }

    /// To standard error, or as the last event. One run alone has said it all itself.
    func show(_ session: Session) {
        guard count > 1 else { return }
        if session.format == .json { return session.console.out(TaskEvents.line(TaskEvents.summary(runs: count, well: well))) }
        for line in lines { session.console.err(line) }
    }
}
