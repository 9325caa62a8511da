/// Waits for numbered requirements in turn, and says of every wait what it was for, how long it took and what it saw.
package struct Readiness<C: Clock>: Sendable where C.Duration == Duration {
    private let clock: C
    private let pace: Pace
    private let consoleTail: @Sendable () -> String
    private let progress: @Sendable (WaitProgress) -> Void

    /// - Parameters:
    ///   - clock: what time is taken from; tests bring their own.
    ///   - consoleTail: the end of the guest's console; asked only when a wait fails.
    ///   - progress: told when a wait begins and whenever what it sees changes.
    package init(
        clock: C = ContinuousClock(), pace: Pace = Pace(), consoleTail: @escaping @Sendable () -> String = { "" },
        progress: @escaping @Sendable (WaitProgress) -> Void = { _ in }
    ) {
        self.clock = clock
        self.pace = pace
        self.consoleTail = consoleTail
        self.progress = progress
    }

    /// Waits for each requirement in turn.
    /// - Parameter total: how long all of them may take together, whatever patience each has of its own.
    /// - Returns: a report for each.
    /// - Throws: `GuestAccessError`: `.notReady` with the report of the wait that failed and the console's tail; `.cancelled`.
    package func wait(for requirements: [Requirement], within total: Duration? = nil) async throws -> [WaitReport] {
        var reports: [WaitReport] = []
        let start = clock.now
        for (index, requirement) in requirements.enumerated() {
            let report = WaitReport(name: requirement.name, number: index + 1, count: requirements.count, hint: requirement.hint)
            var requirement = requirement
            // One look at least, however little is left.
            if let total { requirement.patience = min(requirement.patience, max(total - start.duration(to: clock.now), .milliseconds(1))) }
            reports.append(try await wait(for: requirement, report))
        }
        return reports
    }

    private func wait(for requirement: Requirement, _ begun: WaitReport) async throws -> WaitReport {
        var report = begun
        let start = clock.now
        var pause = pace.first
        progress(WaitProgress(report: report))
        while true {
            let left = requirement.patience - start.duration(to: clock.now)
            let before = report.lastSeen
            let looking = clock.now
            let observation = await requirement.look(max(left, .milliseconds(1)))
            report.attempts += 1
            report.waited = start.duration(to: clock.now)
            if Task.isCancelled { throw interrupted(report) }
            switch observation {
            case .met(let words):
                report.lastSeen = words
                return report
            case .hopeless(let words, let hint):
                report.lastSeen = words
                report.hint = hint
                throw failure(report, "cannot come about")
            case .pending(let words):
                // A last look that had no time to see anything says less than the one before it.
                if left >= .seconds(1) || report.attempts == 1 { report.lastSeen = words }
            }
            // What is seen has changed, so the guest is getting on: look soon again.
            if report.lastSeen != before {
                pause = pace.first
                progress(WaitProgress(report: report))
            }
            let remaining = requirement.patience - report.waited
            if remaining <= .zero { throw failure(report, "did not come about within \(spoken(requirement.patience))") }
            // The pause counts from when it began to look: a look that waited for an answer itself need not be waited after.
            let rest = min(pause - looking.duration(to: clock.now), remaining)
            if rest > .zero { do { try await clock.sleep(for: rest) } catch { throw interrupted(report) } }
            pause = min(pause * pace.growth, pace.longest)
        }
    }

    private func failure(_ report: WaitReport, _ outcome: String) -> GuestAccessError {
        let tail = GuestText.tail(consoleTail())
        let attempts = report.attempts == 1 ? "1 attempt" : "\(report.attempts) attempts"
        var message = "wait \(report.number) of \(report.count), \"\(report.name)\", \(outcome) (\(attempts), \(spoken(report.waited))); "
        message += "last seen: \(report.lastSeen)"
        if !tail.isEmpty {
            message += "\nthe end of its console:\n" + tail.split(separator: "\n").map { "  | \($0)" }.joined(separator: "\n")
        }
        return GuestAccessError(.notReady, message + "\ntry: \(report.hint)", report: report, consoleTail: tail)
    }

    private func interrupted(_ report: WaitReport) -> GuestAccessError {
        GuestAccessError(.cancelled, "interrupted while waiting until \(report.name); last seen: \(report.lastSeen)", report: report)
    }

    private func spoken(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let tenths = attoseconds / 100_000_000_000_000_000
        return tenths == 0 || seconds >= 100 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
}

/// How fast a wait looks again: the first pause, by how much each is longer than the one before, and the longest.
package struct Pace: Sendable, Equatable {
    package var first: Duration
    package var growth: Double
    package var longest: Duration

    package init(first: Duration = .milliseconds(100), growth: Double = 1.25, longest: Duration = .seconds(1)) {
        self.first = first
        self.growth = growth
        self.longest = longest
    }
}

/// What became of one wait.
package struct WaitReport: Sendable, Equatable {
    /// What was waited for.
    package var name: String
    /// Its place among the requirements, from 1.
    package var number: Int
    package var count: Int
    package var waited: Duration = .zero
    package var attempts = 0
    /// What the last look showed.
    package var lastSeen = "nothing yet"
    /// Where to look, or what to type.
    package var hint: String

    package init(name: String, number: Int, count: Int, hint: String) {
        self.name = name
        self.number = number
        self.count = count
        self.hint = hint
    }
}

/// Told when a wait begins (no attempts yet) and when what it sees changes.
package struct WaitProgress: Sendable, Equatable {
    package var report: WaitReport
}
