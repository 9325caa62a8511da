import AtollPlatform

/// Runs a plan: parallelism, timeouts, interruption, events, journal entries, rollback and failpoints for every verb.
package struct PlanRunner: Sendable {
    private let journal: Journal?
    private let failpoints: Failpoints
    private let jobs: Int
    private let interruption: Interruption
    private let watch: DeadlineWatch
    private let events: @Sendable (PlanEvent) -> Void

    /// - Parameter jobs: number of steps that may run at once, at least 1.
    /// - Parameter clock: clock for step deadlines; tests inject their own.
    /// - Parameter events: event handler, called from any thread; the events of one step arrive in order.
    package init(
        journal: Journal?, failpoints: Failpoints = .off, jobs: Int, interruption: Interruption = Interruption(),
        clock: any Clock<Duration> = ContinuousClock(),
        events: @escaping @Sendable (PlanEvent) -> Void = { _ in }
    ) {
        self.journal = journal
        self.failpoints = failpoints
        self.jobs = max(1, jobs)
        self.interruption = interruption
        watch = DeadlineWatch(clock: clock)
        self.events = events
    }

    /// Runs every step that is not done yet.
    /// - Throws: `PlanFailure` when a step failed or the run was interrupted.
    package func run(_ plan: Plan) async throws {
        let clock = ContinuousClock()
        let began = clock.now
        events(.planStarted(title: plan.title, steps: plan.steps.map(\.title)))
        try await record(.begin, note: plan.title)
        var progress = await runSteps(of: plan)
        if let crash = progress.failed.lazy.compactMap({ $0.error as? Abandonment }).first { throw crash }
        if !progress.failed.isEmpty || interruption.signal != nil && progress.done.count < plan.steps.count {
            if plan.onFailure == .undo { await undo(&progress) }
            // Last, so that a crash during the rollback, or a failed rollback, still reads as unfinished.
            if progress.notUndone.isEmpty { try? await record(.end, note: "failed") }
            events(.planFinished(title: plan.title, succeeded: false, duration: began.duration(to: clock.now)))
            throw PlanFailure(
                plan: plan.title, failed: progress.failed, signal: interruption.signal, undone: progress.undone.map(\.title),
                notUndone: progress.notUndone, kept: progress.applied.filter { progress.done.contains($0.id) }.map(\.title),
                remaining: plan.steps.filter { step in
                    // Cancelled steps that were rolled back are listed in `undone` only.
                    !progress.started.contains(step.id)
                        || progress.cancelled.contains(step.id) && !progress.undone.contains { $0.id == step.id }
                }.map(\.title))
        }
        try? await record(.end)
        events(.planFinished(title: plan.title, succeeded: true, duration: began.duration(to: clock.now)))
    }

    /// Writes a journal entry outside the cooperative pool, because every entry is flushed to disk.
    private func record(_ event: Journal.Entry.Event, step: String = "", note: String? = nil) async throws {
        guard let journal else { return }
        try await Blocking.run { try journal.record(event, step: step, note: note) }
    }

    private struct Progress {
        var started: Set<String> = []
        var done: Set<String> = []
        var cancelled: Set<String> = []
        /// Steps that this run may have changed something with, in order of completion, failed and cancelled ones included.
        var applied: [Step] = []
        var failed: [PlanFailure.Failed] = []
        var undone: [Step] = []
        var notUndone: [PlanFailure.Failed] = []
    }

    private enum Ending: Sendable {
        case applied
        case alreadyDone
        case failed(any Error, mayHaveActed: Bool)
        case cancelled
    }

    private func runSteps(of plan: Plan) async -> Progress {
        var progress = Progress()
        let halt = Interruption()
        let token = interruption.onRequest { halt.request(signal: 0) }
        defer { interruption.remove(token) }
        await withTaskGroup(of: (Step, Ending).self) { group in
            var running = 0
            while true {
                while running < jobs, halt.signal == nil, let step = nextReady(plan, progress) {
                    progress.started.insert(step.id)
                    running += 1
                    group.addTask { (step, await attempt(step, halt: halt)) }
                }
                guard running > 0, let (step, ending) = await group.next() else { break }
                running -= 1
                switch ending {
                case .applied:
                    progress.done.insert(step.id)
                    progress.applied.append(step)
                case .alreadyDone:
                    progress.done.insert(step.id)
                case .failed(let error, let mayHaveActed):
                    progress.failed.append(.init(id: step.id, title: step.title, error: error))
                    if mayHaveActed { progress.applied.append(step) }
                    if plan.onFailure != .continueOthers { halt.request(signal: 0) }
                case .cancelled:
                    progress.cancelled.insert(step.id)
                    progress.applied.append(step)
                }
            }
        }
        return progress
    }

    private func nextReady(_ plan: Plan, _ progress: Progress) -> Step? {
        plan.steps.first { !progress.started.contains($0.id) && $0.needs.isSubset(of: progress.done) }
    }

    private func attempt(_ step: Step, halt: Interruption) async -> Ending {
        let clock = ContinuousClock()
        let began = clock.now
        events(.stepStarted(id: step.id, title: step.title, limit: step.limit))
        func finish(_ outcome: StepOutcome) {
            events(.stepFinished(id: step.id, title: step.title, outcome: outcome, duration: began.duration(to: clock.now)))
        }
        var acting = false
        do {
            switch try await step.observe() {
            case .done(let found):
                finish(.alreadyDone(found))
                return .alreadyDone
            case .foreign(let what):
                throw ForeignObject(description: what)
            case .absent: break
            }
            try await record(.intent, step: step.id)
            try failpoints.reach("before:\(step.id)")
            acting = true
            let progress = StepProgress { [events] fraction, note in events(.stepProgress(id: step.id, fraction: fraction, note: note)) }
            switch step.patience {
            case .finish: try await watch.run(step) { try await step.apply(progress) }
            case .cancel: try await halt.cancelling { [watch] in try await watch.run(step) { try await step.apply(progress) } }
            }
            try failpoints.reach("after:\(step.id)")
            try await record(.done, step: step.id)
            finish(.applied)
            return .applied
        } catch let crash as Abandonment {
            return .failed(crash, mayHaveActed: acting)
        } catch {
            try? await record(.failed, step: step.id, note: "\(error)")
            if step.patience == .cancel, halt.signal != nil {
                finish(.cancelled)
                return .cancelled
            }
            finish(.failed("\(error)"))
            return .failed(error, mayHaveActed: acting)
        }
    }

    private func undo(_ progress: inout Progress) async {
        let clock = ContinuousClock()
        for step in progress.applied.reversed() {
            guard let undo = step.undo else { continue }
            let began = clock.now
            events(.undoStarted(id: step.id, title: step.title))
            var problem: (any Error)?
            do {
                try? await record(.undo, step: step.id)
                try failpoints.reach("undo:\(step.id)")
                try await undo()
                try? await record(.undone, step: step.id)
                progress.undone.append(step)
            } catch {
                problem = error
                progress.notUndone.append(.init(id: step.id, title: step.title, error: error))
            }
            events(
                .undoFinished(
                    id: step.id, title: step.title, error: problem.map { "\($0)" }, duration: began.duration(to: clock.now)))
        }
        progress.applied.removeAll { step in step.undo != nil && !progress.notUndone.contains { $0.id == step.id } }
    }
}

/// An object without the owner tag exists where a step would create its own.
package struct ForeignObject: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
}
