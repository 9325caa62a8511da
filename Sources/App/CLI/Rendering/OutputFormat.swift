import AtollDocuments
import AtollModel

/// How a query verb's document is printed, and whether a changing verb prints JSON events.
enum OutputFormat: String, CaseIterable {
    case `default`
    case json

    init(named name: String) throws {
        guard let format = OutputFormat(rawValue: name) else {
            throw UsageError(
                "unknown output format \"\(name)\"; there are: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = format
    }

    func render(_ value: Value) -> String {
        switch self {
        case .default: DefaultFormat.render(value)
        case .json: ValueJSON.render(value, indent: 4, sorted: true)
        }
    }
}
