/// What the exitcode directive says about results: 0 when they are PASSED or INFO, 100 when not.
public enum ExitVerdict {
    public static let failure: Int32 = 100

    /// All results count; none at all is good.
    public static func code(worst details: [CheckDetail]) -> Int32 { details.allSatisfy { $0.outcome.isGood } ? 0 : failure }

    /// Only the last result counts; none at all is good.
    public static func code(last details: [CheckDetail]) -> Int32 { code(worst: details.suffix(1)) }

    /// The directive's two parameters, ResultYAML each, of which exactly one is given.
    /// - Throws: `ResultsError` `.directive` for both or none, `.value` for text that is no ResultYAML.
    public static func code(resultWorst: String?, resultLast: String?) throws(ResultsError) -> Int32 {
        switch (resultWorst, resultLast) {
        case (let text?, nil): return code(worst: try ResultYAML.parse(text, name: "result_worst"))
        case (nil, let text?): return code(last: try ResultYAML.parse(text, name: "result_last"))
        case (nil, nil): throw ResultsError(.directive, "exitcode takes result_worst or result_last; neither is given")
        case (_?, _?): throw ResultsError(.directive, "exitcode takes result_worst or result_last; both are given")
        }
    }

    /// Of several uses in one formula the worst is kept.
    public static func combined(_ codes: [Int32]) -> Int32 { codes.max() ?? 0 }
}
