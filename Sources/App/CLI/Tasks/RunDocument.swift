import AtollDirectives
import AtollClaims
import AtollModel
import AtollResults
import AtollTaskRuns
import Foundation
import OrderedCollections

/// A run's record as verbs print it.
enum RunDocument {
    static func value(_ run: StoredRun, root: StateRoot) -> Value {
        let record = run.record
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        let machine = KeptMachine(record, root: root)
        return [
            "run": .string(record.run), "invocation": .string(record.invocation), "repeats": text(record.repeats),
            "state": .string(record.wasKilled ? "killed" : record.state.rawValue), "title": .string(record.title),
            "mode": .string(record.mode),
            "target": .string(record.target), "image": text(record.image), "item": text(record.item), "type": text(record.type),
            "outcome": text(record.outcome),
            "exit_code": record.exitCode.map { .int(Int($0)) } ?? .null, "note": text(record.note),
            "started": .string(record.started.formatted(.iso8601)), "finished": text(record.finished?.formatted(.iso8601)),
            "stages": .list(record.stages.map { ["name": .string($0.name), "seconds": .double($0.seconds)] }),
            "warnings": .list(record.warnings.map(Value.string)), "artifacts": .string(run.files.path),
            "artifacts_url": text(record.links?.artifacts), "job_url": text(record.links?.job), "job_log_url": text(record.links?.log),
            // Null when none was kept; is_kept says whether it is there still.
            "kept_until": text(machine?.until.formatted(.iso8601)), "is_kept": .bool(machine.map { $0.state != .gone } ?? false),
            "login": text(machine?.login),
        ]
    }

    /// The same with the run's results.
    static func value(_ run: StoredRun, _ details: [CheckDetail], root: StateRoot) -> Value {
        var document = value(run, root: root).members ?? [:]
        document["results"] = ResultJSON.value(details)["results"] ?? .list([])
        return .map(document)
    }

    static func duration(_ record: RunRecord) -> String {
        record.stages.isEmpty ? "-" : String(format: "%.1f s", record.stages.reduce(0) { $0 + $1.seconds })
    }

    /// `exit code 0`, or why there is none.
    /// - Parameter hasRemains: something of it is on this host still.
    static func ending(_ record: RunRecord, hasRemains: Bool) -> String {
        if let code = record.exitCode { return "exit code \(code)" }
        guard record.wasKilled else { return "still running" }
        return hasRemains ? "killed; what it left goes with: atoll gc" : "killed"
    }

    static func heading(_ record: RunRecord) -> String {
        "\(record.run)  \(SafeText.line(record.title)) on \(record.target) (\(record.mode)), \(duration(record))"
    }

    /// One line for each result; nil when there are none.
    static func table(_ details: [CheckDetail]) -> String? {
        guard !details.isEmpty else { return nil }
        var table = TextTable(["OUTCOME", "CHECK", "ITEM", "NOTE"])
        for detail in details {
            table.add([
                detail.outcome.rawValue, SafeText.line(detail.checkname ?? "-"), SafeText.line(detail.item), SafeText.line(detail.note),
            ])
        }
        return table.text
    }
}
