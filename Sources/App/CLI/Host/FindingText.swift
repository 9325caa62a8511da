import AtollDoctor
import AtollModel

extension Finding {
    var document: Value {
        [
            "id": .string(id), "severity": .string(severity.rawValue), "title": .string(title), "detail": .string(detail),
            "remedy": .list(remedy.map(Value.string)),
        ]
    }

    /// `ok       title: detail`, and below it the commands that mend it.
    var text: String {
        var lines = ["\(severity.rawValue.padded(to: 8)) \(title)\(detail.isEmpty ? "" : ": \(detail)")"]
        lines += remedy.map { "         mend it with: \($0)" }
        return lines.joined(separator: "\n")
    }
}
