/// Configured limits of the budget; nil for the host's default.
package struct CapacityLimits: Sendable, Equatable {
    package var memoryMiB: Int?
    package var cpus: Int?
    package var diskGiB: Int?
    package var subnets: Int?

    /// Numbers that are not positive count as unset.
    package init(memoryMiB: Int, cpus: Int, diskGiB: Int, subnets: Int) {
        func said(_ number: Int) -> Int? { number > 0 ? number : nil }
        self.memoryMiB = said(memoryMiB)
        self.cpus = said(cpus)
        self.diskGiB = said(diskGiB)
        self.subnets = said(subnets)
    }
}

extension CapacityBudget {
    /// The budget with the configured limits applied.
    package func limited(by limits: CapacityLimits) -> CapacityBudget {
        var budget = self
        budget.memoryMiB = limits.memoryMiB ?? memoryMiB
        budget.cpus = limits.cpus ?? cpus
        budget.subnets = limits.subnets ?? subnets
        if let gibibytes = limits.diskGiB {
            budget.diskBytes = Int64(min(gibibytes, 1 << 30)) << 30
            budget.diskIsWhatIsFree = false
        }
        return budget
    }
}
