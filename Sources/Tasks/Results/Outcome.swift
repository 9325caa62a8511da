/// How a check ended. Later cases are worse: `<` compares priority.
package enum Outcome: String, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case passed = "PASSED"
    /// Fine, but something should be noticed.
    case info = "INFO"
    case failed = "FAILED"
    /// The check cannot decide; somebody has to look.
    case needsInspection = "NEEDS_INSPECTION"
    /// Trouble outside the check (network, server, machine); the same run may succeed later.
    case aborted = "ABORTED"
    /// The check itself broke; it says nothing about the item.
    case crashed = "CRASHED"

    /// Reads an outcome word as results carry it.
    /// - Throws: `ResultsError` `.value`, naming the six words.
    package init(parsing word: String) throws(ResultsError) {
        guard let outcome = Outcome(rawValue: word) else {
            let upper = word.uppercased()
            let hint = Outcome(rawValue: upper) == nil ? "" : " (did you mean \(upper)?)"
            let known = Outcome.allCases.map(\.rawValue).joined(separator: ", ")
            throw ResultsError(.value, "'\(word)' is no outcome\(hint); use one of \(known)")
        }
        self = outcome
    }

    /// Whether the check gave no usable result at all.
    package var isBroken: Bool { self >= .aborted }

    /// Whether a run with this outcome counts as good: PASSED or INFO.
    package var isGood: Bool { self <= .info }

    package var description: String { rawValue }

    package static func < (a: Outcome, b: Outcome) -> Bool { a.priority < b.priority }

    private var priority: Int {
        switch self {
        case .passed: 0
        case .info: 1
        case .failed: 2
        case .needsInspection: 3
        case .aborted: 4
        case .crashed: 5
        }
    }

    /// -1, 0 or 1 as `a` is better than, equal to or worse than `b`; nil ("none yet") sorts below PASSED.
    package static func compare(_ a: Outcome?, _ b: Outcome?) -> Int {
        let (first, second) = (a?.priority ?? -1, b?.priority ?? -1)
        return first < second ? -1 : first > second ? 1 : 0
    }

    /// The same for words; an unknown word is an error even where both are the same.
    package static func compare(words a: String?, _ b: String?) throws(ResultsError) -> Int {
        var outcomes: [Outcome?] = []
        for word in [a, b] {
            guard let word else {
                outcomes.append(nil)
                continue
            }
            outcomes.append(try Outcome(parsing: word))
        }
        return compare(outcomes[0], outcomes[1])
    }
}
