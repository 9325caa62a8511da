import Glibc

/// Places where a test may make the process die or a step fail: one before and one after every step of every plan.
///
/// Written as `before:network:net-01=kill`, several separated by commas; `*` matches any tail: `after:disk:*=error`.
package struct Failpoints: Sendable {
    /// What happens there: the process dies; the step fails; or the run ends as a death would end it, for tests within one process.
    package enum Action: String, Sendable { case kill, error, abandon }

    private var rules: [(pattern: String, action: Action)]

    /// None: nothing ever fails on purpose.
    package static let off = Failpoints(rules: [])

    private init(rules: [(String, Action)]) { self.rules = rules }

    /// Parses the text of the environment variable `ATOLL_FAILPOINTS`. Nonsense is refused, so that a test cannot pass by a typing error.
    package init(parsing text: String) throws {
        rules = try text.split(separator: ",").map { rule in
            let parts = rule.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let action = Action(rawValue: String(parts[1])) else {
                throw PlanDefect("\(rule) is no failpoint; write before:STEP=kill or after:STEP=error")
            }
            return (String(parts[0]), action)
        }
    }

    /// Reaches a point; does what the rules say.
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

/// The error a failpoint with the action `error` throws.
package struct FailpointError: Error, Sendable, Equatable, CustomStringConvertible {
    package var name: String
    package var description: String { "failpoint \(name)" }
}

/// Thrown by a failpoint with the action `abandon`: the runner undoes nothing and writes nothing more, as if the process had died there.
package struct Abandonment: Error, Sendable, Equatable, CustomStringConvertible {
    package var name: String
    package var description: String { "abandoned at \(name)" }
}
