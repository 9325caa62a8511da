import AtollDirectives
import AtollDocuments
import AtollModel
import AtollTaskRuns
import Foundation
import OrderedCollections

/// What task runs print with `-f json`: one object per line, each with its time.
enum TaskEvents {
    static func line(_ event: Value) -> String { ValueJSON.render(event, indent: 0, sorted: true) }

    static func started(_ record: RunRecord, files: RunFiles, at time: Date = Date()) -> Value {
        event(
            "started", time,
            [
                "run": .string(record.run), "title": .string(record.title), "target": .string(record.target),
                "artifacts": .string(files.path),
            ])
    }

    /// A line of the task's output; `text` without its end.
    static func output(run: String, _ stream: CommandStreamLabel, _ text: String, at time: Date = Date()) -> Value {
        event(
            "output", time, ["run": .string(run), "stream": stream == .output ? "stdout" : "stderr", "text": .string(text)])
    }

    static func finished(_ record: RunRecord, files: RunFiles, at time: Date = Date()) -> Value {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        var members: OrderedDictionary<String, Value> = [
            "run": .string(record.run), "exit_code": .int(Int(record.exitCode ?? 0)), "outcome": text(record.outcome),
            "note": text(record.note), "artifacts": .string(files.path),
            "seconds": .double((((record.finished ?? time).timeIntervalSince(record.started)) * 1000).rounded() / 1000),
        ]
        if let until = record.keptUntil {
            members["kept_until"] = .string(until.formatted(.iso8601))
            members["login"] = text(record.login)
        }
        return event("finished", time, members)
    }

    /// After several runs.
    static func summary(runs: Int, well: Int, at time: Date = Date()) -> Value {
        event("summary", time, ["runs": .int(runs), "well": .int(well)])
    }

    private static func event(_ name: String, _ time: Date, _ members: OrderedDictionary<String, Value>) -> Value {
        let head: OrderedDictionary<String, Value> = [
            "event": .string(name), "time": .string(time.formatted(.iso8601WithMilliseconds)),
        ]
        return .map(head.merging(members) { a, _ in a })
    }
}

extension FormatStyle where Self == Date.ISO8601FormatStyle {
    /// `2026-01-01T12:00:00.123Z`.
    fileprivate static var iso8601WithMilliseconds: Date.ISO8601FormatStyle { .init(includingFractionalSeconds: true) }
}
