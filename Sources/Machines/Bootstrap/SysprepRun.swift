/// An appliance that was started and has to be ended.
protocol ApplianceSession {
    /// Flushes everything to the disks and ends; throws when something could not be written.
    func close() throws
    /// Ends at once, for when something already went wrong.
    func abandon()
}

/// One call of `SysprepBatch.run`, with the appliance as a parameter.
final class SysprepRun: Sendable {
    typealias Session = DiskAppliance & ApplianceSession
    private let recipes: RecipeBook
    private let progress: @Sendable (SysprepBatch.Event) -> Void
    private let launch: @Sendable ([SysprepBatch.Disk], Cancellation) throws -> any Session
    /// Starting is stopped at once; a disk at work is finished first: half an identity is worse than none.
    let cancellation = Cancellation()

    init(
        recipes: RecipeBook, progress: @escaping @Sendable (SysprepBatch.Event) -> Void,
        launch: @escaping @Sendable ([SysprepBatch.Disk], Cancellation) throws -> any Session
    ) {
        self.recipes = recipes
        self.progress = progress
        self.launch = launch
    }

    func prepare(_ disks: [SysprepBatch.Disk]) throws -> [SysprepBatch.Outcome] {
        var outcomes: [Int: SysprepBatch.Outcome] = [:]
        var failures: [(disk: SysprepBatch.Disk, error: any Error)] = []
        var pending = Array(disks.indices)
        while !pending.isEmpty {
            try checkCancellation()
            let round = Array(pending.prefix(SysprepBatch.disksPerAppliance))
            pending.removeFirst(round.count)
            let started = ContinuousClock.now
            progress(.launching(disks: round.count))
            let appliance = try launch(round.map { disks[$0] }, cancellation)
            progress(.launched(after: ContinuousClock.now - started))
            do {
                let deferred = try work(round, of: disks, in: appliance, &outcomes, &failures)
                try appliance.close()
                pending = deferred + pending
            } catch {
                appliance.abandon()
                throw error
            }
        }
        if failures.count == 1, let (disk, error) = failures.first { throw Self.failure(disk, error) }
        if !failures.isEmpty {
            let text = failures.map { Self.failure($0.disk, $0.error).message }.joined(separator: "\n")
            throw BootstrapError((failures[0].error as? BootstrapError)?.code ?? .disk, text, cause: failures[0].error)
        }
        return disks.indices.compactMap { outcomes[$0] }
    }

    /// Returns the disks that another appliance has to take.
    private func work(
        _ round: [Int], of disks: [SysprepBatch.Disk], in appliance: any Session, _ outcomes: inout [Int: SysprepBatch.Outcome],
        _ failures: inout [(disk: SysprepBatch.Disk, error: any Error)]
    ) throws -> [Int] {
        let devices = try appliance.disks()
        guard devices.count >= round.count else {
            throw BootstrapError(.appliance, "the appliance shows \(devices.count) of \(round.count) disks")
        }
        let partitions = try appliance.partitions()
        var deferred: [Int] = []
        var knownBtrfs: Set<String> = []
        var layouts: [String: RootFilesystem.Layout] = [:]
        for (index, device) in zip(round, devices) {
            try checkCancellation()
            do {
                let started = ContinuousClock.now
                let origin = disks[index].origin
                let root = try RootFilesystem(
                    of: device, partitions: partitions, layout: origin.flatMap { layouts[$0] }, in: appliance)
                if let origin { layouts[origin] = root.layout }
                let btrfs = try root.btrfsUUIDs()
                guard knownBtrfs.isDisjoint(with: btrfs) else {
                    deferred.append(index)
                    continue
                }
                knownBtrfs.formUnion(btrfs)
                var outcome = try prepare(disks[index], root: root, in: appliance)
                outcome.duration = ContinuousClock.now - started
                outcomes[index] = outcome
                progress(.prepared(outcome))
            } catch {
                try appliance.unmountAll()
                failures.append((disks[index], error))
            }
        }
        return deferred
    }

    private func prepare(_ disk: SysprepBatch.Disk, root: RootFilesystem, in appliance: any Session) throws -> SysprepBatch.Outcome {
        var root = root
        try root.mount(hint: disk.rootPartition)
        let recipe = recipes.recipe(for: [disk.distro].compactMap { $0 } + (try Self.distros(in: appliance)))
        let preparation = try Preparation(of: disk.identity, recipe: recipe, in: appliance)
        try preparation.apply(to: appliance)
        try appliance.unmountAll()
        for note in root.notes { progress(.note("\(disk.identity.hostname): \(note)")) }
        for note in preparation.notes { progress(.note(note)) }
        return SysprepBatch.Outcome(hostname: disk.identity.hostname, recipe: recipe.name, network: preparation.style, duration: .zero)
    }

    /// What the guest says it is.
    static func distros(in filesystem: any GuestFilesystem) throws -> [String] {
        // /etc/os-release is mostly a link; where it is no plain file the one under /usr is the same.
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            if let text = try filesystem.text(path) { return ShellAssignments(text).distros }
        }
        return []
    }

    private func checkCancellation() throws {
        if cancellation.isCancelled { throw BootstrapError(.cancelled, "interrupted while guests were being given their identities") }
    }

    private static func failure(_ disk: SysprepBatch.Disk, _ error: any Error) -> BootstrapError {
        let code = (error as? BootstrapError)?.code ?? .disk
        var text = "cannot give \(disk.identity.hostname) its identity on \(disk.path): \(error)"
        if code == .noOperatingSystem { text += "; set `bootstrap: none` for this VM if its disk is meant to have none" }
        return BootstrapError(code, text, cause: error)
    }
}
