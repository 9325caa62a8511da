import Glibc

/// Points where a test can kill the process or fail a step: one before and one after every step of every plan.
///
/// Syntax: `before:network:net-01=kill`, separated by commas. `*` matches any suffix: `after:disk:*=error`.
package struct Failpoints: Sendable {
    /// `kill` sends SIGKILL to the process; `error` fails the step; `abandon` stops the run like a kill, but inside the test's process.
    package enum Action: String, Sendable { case kill, error, abandon }

    private var rules: [(pattern: String, action: Action)]

    /// No failpoints.
    package static let off = Failpoints(rules: [])

    private init(rules: [(String, Action)]) { self.rules = rules }

    /// Parses the environment variable `ATOLL_FAILPOINTS`.
    /// - Throws: `PlanDefect` on an invalid rule, so that a test with a typo cannot pass.
    package init(parsing text: String) throws {
        rules = try text.split(separator: ",").map { rule in
            let parts = rule.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let action = Action(rawValue: String(parts[1])) else {
                throw PlanDefect("invalid failpoint '\(rule)': expected before:STEP=kill or after:STEP=error")
            }
            return (String(parts[0]), action)
        }
    }

    /// Runs the action of the first rule that matches `name`, if any.
    package func reach(_ name: String) throws {
        for rule in rules where matches(rule.pattern, name) {
            switch rule.action {
            case .kill: kill(getpid(), SIGKILL)
            case .error: throw FailpointError(name: name)
            case .abandon: throw Abandonment(name: name)
            }
        }
    }

    private func matches(_ pattern: String, _ name: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : pattern == name
    }
}

/// Error thrown by a failpoint with the action `error`.
package struct FailpointError: Error, Sendable, Equatable, CustomStringConvertible {
    package var name: String
    package var description: String { "failpoint \(name)" }
}

/// Error thrown by a failpoint with the action `abandon`: the runner undoes nothing and writes no journal entry, as after a crash.
package struct Abandonment: Error, Sendable, Equatable, CustomStringConvertible {
    package var name: String
    package var description: String { "abandoned at \(name)" }
}
