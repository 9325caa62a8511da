package import AtollHostPorts
package import AtollModel
import AtollPlanning

/// `wait`: until a command ran in every VM.
package struct WaitUseCase: Sendable {
    private let host: Host
    private let context: VerbContext
    private let startPatience: Duration

    /// - Parameter startPatience: how long a domain may show as paused before that is taken for somebody's wish; scaled under TCG.
    package init(host: Host, context: VerbContext, startPatience: Duration = .seconds(5)) {
        self.host = host
        self.context = context
        self.startPatience = startPatience
    }

    /// Waits for the named VMs, all without names. It changes nothing and takes no lock.
    /// - Parameter timeout: for each VM; without it `boot_time_sec` (600), times the accelerator's factor.
    /// - Parameter condition: when a VM counts as ready; without it what the VM's init file says.
    package func run(
        _ files: PrefixFiles, machines names: [String], timeout: Duration?, condition: ReadyCondition? = nil
    ) async throws -> Environment {
        let environment = try SavedEnvironment.load(files)
        var limits: Set<String> = []
        let steps = try environment.selecting(names).map { machine in
            var machine = machine
            machine.spec.readyCondition = condition ?? machine.spec.readyCondition
            let limit = limit(machine, timeout)
            // Said once for all that share it.
            return step(machine, environment, files, limit.deadline, saying: limits.insert(limit.text).inserted ? limit.text : nil)
        }
        // Waiting costs the host nothing: all at once, and a VM that is lost says nothing about the others.
        var context = context
        context.jobs = max(context.jobs, steps.count)
        try await context.run(try Plan("Wait for prefix \(files.name)", onFailure: .continueOthers, steps: steps), journal: nil)
        return environment
    }

    private func limit(_ machine: Machine, _ timeout: Duration?) -> (deadline: Duration, text: String) {
        let factor = host.accelerator.accelerator.deadlineFactor
        let seconds = machine.spec.bootTime ?? 600
        let deadline = timeout ?? .seconds(seconds * factor)
        let reason = timeout == nil && factor > 1 ? " (\(seconds) s x \(factor) under tcg)" : ""
        return (deadline, "limit \(deadline.components.seconds) s\(reason)")
    }

    private func step(
        _ machine: Machine, _ environment: Environment, _ files: PrefixFiles, _ deadline: Duration, saying limit: String?
    ) -> Step {
        Step(
            "ready:\(machine.name)", "wait for \(machine.name)", patience: .cancel, limit: deadline,
            apply: { [host] progress in
                if let limit { progress.report(nil, limit) }
                try await requireRunning(machine, environment)
                _ = try await host.guests.waitUntilReady(machine, of: environment, files: files, deadline: deadline) {
                    progress.report(nil, $0)
                }
            })
    }

    /// A domain shows as paused while libvirtd is still starting it, which it goes on with when the verb that asked has ended: such a
    /// one is given a little time. One that somebody paused stays so, and is said to be.
    private func requireRunning(_ machine: Machine, _ environment: Environment) async throws {
        guard machine.isLocal else { return }
        let name = environment.libvirtName(ofMachine: machine.name)
        let deadline = ContinuousClock.now + startPatience * host.accelerator.accelerator.deadlineFactor
        var found = try await host.domains.domain(named: name)
        while found?.owner == environment.id, found?.state == .paused, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            found = try await host.domains.domain(named: name)
        }
        try environment.requireRunning(machine, found)
    }
}
