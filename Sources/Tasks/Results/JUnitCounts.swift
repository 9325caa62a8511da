import AtollXML

/// Compares the counts that suites claim with the cases they have.
struct JUnitCounts {
    /// What the cases of a suite show.
    struct Found {
        var cases = 0
        /// Cases that failed or broke.
        var bad = 0
        /// Failures and errors; a case may have several.
        var faults = 0

        mutating func add(_ other: Found) { self = adding(other) }

        func adding(_ other: Found) -> Found {
            Found(cases: cases + other.cases, bad: bad + other.bad, faults: faults + other.faults)
        }
    }

    let name: String
    private(set) var warnings: [String] = []
    private(set) var claim: JUnitReader.Claim?

    init(name: String) { self.name = name }

    /// Some tools count nested suites into the outer one and some do not: both are accepted. Skipped cases may be counted and not listed.
    mutating func compare(_ element: Element, suite: String?, _ direct: Found, _ nested: Found) {
        let all = direct.adding(nested)
        // 'testsuites' counts the cases of its suites; it has none of its own.
        let direct = element.name.hasSuffix("testsuites") ? all : direct
        let subject = suite.map { "suite '\(JUnitReport.clean($0).prefix(100))'" } ?? "the report"
        func number(_ keys: String...) -> Int? {
            let numbers = keys.compactMap { element[$0].flatMap { Int($0) } }.filter { (0..<1 << 40).contains($0) }
            return numbers.isEmpty ? nil : numbers.reduce(0, +)
        }
        if all.cases == 0 { warn("\(subject) has no test cases") }
        if let tests = number("tests"), ![all.cases, direct.cases].contains(tests) {
            let reason = "\(subject) counts \(tests) tests and has \(all.cases) cases"
            let unlisted = number("skipped", "disabled", "skip", "ignored") ?? 0
            if tests > all.cases + unlisted {
                raise(.needsInspection, reason)
            } else if tests < all.cases {
                warn(reason)
            }
        }
        if let bad = number("failures", "errors"), ![all.bad, all.faults, direct.bad, direct.faults].contains(bad) {
            let reason = "\(subject) counts \(bad) failures and errors, and its cases have \(all.faults)"
            if bad > all.faults { raise(.failed, reason) } else { warn(reason) }
        }
    }

    private mutating func raise(_ outcome: Outcome, _ reason: String) {
        warn(reason)
        if claim.map({ $0.outcome < outcome }) ?? true { claim = JUnitReader.Claim(outcome: outcome, reason: reason) }
    }

    private mutating func warn(_ reason: String) {
        // A report may have thousands of suites.
        if warnings.count < 20 { warnings.append("\(name): \(reason)") }
    }
}
