import AtollHostPorts
import AtollDomainPlan
import AtollModel
import AtollVirtXML

/// Starts the domain of one VM: reads what the planner needs from the host, plans, checks the files, starts.
struct DomainStart {
    let host: Host

    /// - Throws: `DomainPlanError` if the host lacks a part; `EnvironmentError`; `VirtXMLError`.
    func run(_ machine: Machine, of environment: Environment, files: PrefixFiles) async throws {
        if BridgePlan.needsBridges(machine, in: environment) {
            try BridgePlan.check(machine, in: environment, bridges: await host.interfaces.bridges())
        }
        let machine = try await host.domainFiles.completingBackingChains(of: machine, files: files)
        let capabilities = try await host.hardware.capabilities()
        if let user = capabilities.qemuUser { try await host.domainFiles.checkAccess(to: machine, files: files, user: user) }
        let definition = try await definition(of: machine, in: environment, files: files, capabilities)
        try await host.domainFiles.createConsoleLog(at: definition.consoleLogPath)
        guard definition.nics.contains(where: { $0.filter != nil }) else {
            try await host.domains.start(definition)
            return
        }
        try BridgePlan.checkFiltering(await host.interfaces.bridgeFiltering(), isApplied: false)
        try await host.domains.start(definition)
        do {
            try BridgePlan.checkFiltering(await host.interfaces.bridgeFiltering(), isApplied: true)
        } catch {
            try await host.domains.stop(named: definition.name, owner: environment.id)
            throw error
        }
    }

    private func definition(
        of machine: Machine, in environment: Environment, files: PrefixFiles, _ capabilities: HostCapabilities
    ) async throws -> DomainDefinition {
        let planner = DomainPlanner(host: capabilities, accelerator: host.accelerator.accelerator)
        var details = DomainPlanner.Details()
        if planner.needsCPUModels(machine) { details.cpuModels = try await host.hardware.cpuModels() }
        if try planner.needsDomainCapabilities(machine) {
            details.domainCapabilities = try await host.hardware.domainCapabilities(try planner.kind(of: machine))
        }
        let paths = DomainPlanner.Files(
            consoleLog: files.console(machine.name), nvram: files.nvram(machine.name), seed: files.seed(machine.name),
            resolve: { files.resolved($0) })
        return try planner.definition(of: machine, in: environment, files: paths, details: details)
    }
}
