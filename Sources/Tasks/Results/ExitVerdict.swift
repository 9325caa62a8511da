/// What the exitcode directive says about results: 0 when they are PASSED or INFO, 100 when not.
package enum ExitVerdict {
    package static let failure: Int32 = 100

    /// All results count; none at all is good.
    package static func code(worst details: [CheckDetail]) -> Int32 { details.allSatisfy { $0.outcome.isGood } ? 0 : failure }

    /// Only the last result counts; none at all is good.
    package static func code(last details: [CheckDetail]) -> Int32 { code(worst: details.suffix(1)) }
}
