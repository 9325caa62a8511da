import AtollHostPorts
import AtollClaims
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollSSH
import Glibc
import OrderedCollections

/// The steps that make one prefix out of a fully resolved environment.
struct InitPlan {
    var host: Host
    var request: InitRequest
    var environment: Environment

    private var files: PrefixFiles { request.files }
    /// What emulation costs.
    private var factor: Int { host.accelerator.accelerator.deadlineFactor }
    private var local: [Machine] { environment.machines.values.filter(\.isLocal) }

    func plan() throws -> Plan {
        var steps = [prefixStep, keyStep]
        let leases = leaseSteps
        steps += leases
        let ready = Set(["prefix"] + leases.map(\.id))
        for machine in local {
            for (disk, recipe) in zip(machine.disks, machine.spec.disks) { steps += diskStep(machine, disk, recipe, needs: ready) }
            if machine.bootstrap != .none { steps.append(identityStep(machine)) }
            if machine.bootstrap == .cloudInit { steps.append(seedStep(machine)) }
        }
        let offline = local.filter { $0.bootstrap == .sysprep }
        if !offline.isEmpty { steps.append(sysprepStep(offline, after: steps)) }
        if !request.skipBuild {
            let before = Set(steps.map(\.id))
            for machine in local { steps += try buildSteps(machine, needs: before) }
        }
        let identities = steps.map(\.id).filter { $0.hasPrefix("identity:") }
        if !identities.isEmpty { steps.append(pinStep(needs: Set(identities))) }
        steps += scriptSteps
        steps.append(saveStep(needs: Set(steps.map(\.id))))
        return try Plan("Init prefix \(request.prefixName)", onFailure: .undo, steps: steps)
    }

    private func guest(_ machine: Machine) -> GuestPreparation {
        GuestPreparation(machine: machine, environment: environment, files: files, variables: request.variables)
    }

    private var prefixStep: Step {
        let files = files
        let id = environment.id
        let root = host.stateRoot
        return Step(
            "prefix", "make prefix \(files.path)",
            apply: { _ in
                try await Blocking.run {
                    try AtomicFile.write(id.hex, to: files.uuid)
                    try root.makeImages(of: id)
                    try SymbolicLink.make(files.images, to: root.images(of: id))
                    for directory in [files.virt, files.logs, files.scripts] { try Directories.make(directory, mode: 0o750) }
                    try Directories.make(files.identities, mode: 0o700)
                    try AtomicFile.write("", to: files.knownHosts, mode: 0o644)
                }
            },
            undo: {
                try await Blocking.run { try Directories.removeTree(root.images(of: id)) }
            })
    }

    private var keyStep: Step {
        let files = files
        // el6's sshd knows no ed25519: only there a real RSA key is made, everywhere else the old name is a link.
        let needsRSA = local.contains { ($0.spec.distro ?? $0.disks.first?.metadata["distro"]?.text ?? "").hasPrefix("el6") }
        let comment = "atoll-\(environment.id.eight)"
        return Step(
            "keys", "make ssh keys", needs: ["prefix"],
            apply: { _ in
                try await Blocking.run {
                    let key = try KeyPair.ed25519(comment: comment)
                    try AtomicFile.write(key.privateText, to: files.privateKey, mode: 0o600)
                    try AtomicFile.write(key.publicLine + "\n", to: files.publicKey)
                    if needsRSA {
                        let rsa = try KeyPair.rsa(comment: comment)
                        try AtomicFile.write(rsa.privateText, to: files.legacyPrivateKey, mode: 0o600)
                        try AtomicFile.write(rsa.publicLine + "\n", to: files.legacyPublicKey)
                    } else {
                        try SymbolicLink.make(files.legacyPrivateKey, to: "id_ed25519")
                        try SymbolicLink.make(files.legacyPublicKey, to: "id_ed25519.pub")
                    }
                }
            })
    }

    private var leaseSteps: [Step] {
        environment.networks.values.compactMap { network in
            guard let subnet = network.subnet, subnet.isLeased else { return nil }
            let owner = LeaseOwner(uuidPath: files.uuid, uuid: environment.id.hex)
            return Step(
                "lease:\(network.name)", "lease \(subnet) for network \(network.name)", needs: ["prefix"],
                apply: { [host] _ in try await host.leases.take(subnet, for: owner) },
                undo: { [host] in _ = try await host.leases.release([subnet], of: owner) })
        }
    }

    private func diskStep(_ machine: Machine, _ disk: Disk, _ recipe: DiskSpec, needs: Set<String>) -> [Step] {
        var disk = disk
        let inPrefix = disk.path.hasPrefix(PrefixFiles.prefixVariable)
        // A file disk is used where it is.
        guard inPrefix else { return [] }
        let root = host.stateRoot.images(of: environment.id)
        disk.path = root + "/" + disk.path.dropFirst((PrefixFiles.prefixVariable + "/images/").count)
        let made = disk
        var recipe = recipe
        recipe.origin = recipe.origin.expanded(request.variables)
        let source = recipe
        // A copy may be of any size, to a disk as slow as 20 MB/s; an overlay or an empty disk takes a moment, unless its template is
        // being hashed again just then.
        var bytes: Int64 = 0
        if case .file(let path, let url, _) = source.origin, let file = url.map({ String($0.trimmingPrefix("file://")) }) ?? path {
            bytes = Int64(SystemCall.status(file)?.st_size ?? 0)
        }
        let deadline = (.seconds(300) + .seconds(bytes / 20_000_000)) * factor
        let base = disk.backing.first.map { " on \($0.path.split(separator: "/").last ?? "")" } ?? ""
        return [
            Step(
                "disk:\(machine.name)/\(disk.name)", "create disk \(disk.device) of \(machine.name)\(base)", needs: needs,
                patience: .cancel, deadline: deadline, lookAt: "df -h \(root), and whether the disk below it is slow or busy: dmesg | tail",
                apply: { [host] progress in try await host.disks.create(made, from: source) { progress.report($0) } },
                undo: { [host] in try await host.disks.remove(made.path) })
        ]
    }

    private func identityStep(_ machine: Machine) -> Step {
        Step(
            "identity:\(machine.name)", "make the identity of \(machine.name)", needs: ["keys"],
            apply: { [host, guest = guest(machine)] _ in try await host.preparer.makeIdentity(guest) })
    }

    private func pinStep(needs: Set<String>) -> Step {
        Step(
            "known-hosts", "pin the guests' host keys", needs: needs,
            apply: { [host, environment, files] _ in try await host.preparer.pinHostKeys(of: environment, files: files) })
    }

    private func seedStep(_ machine: Machine) -> Step {
        Step(
            "seed:\(machine.name)", "write the seed of \(machine.name)", needs: ["identity:\(machine.name)"],
            apply: { [host, guest = guest(machine)] _ in try await host.preparer.writeSeed(guest) })
    }

    private func sysprepStep(_ machines: [Machine], after steps: [Step]) -> Step {
        let names = machines.map(\.name)
        let needs = steps.map(\.id).filter { id in
            names.contains { id == "identity:\($0)" || id.hasPrefix("disk:\($0)/") }
        }
        let guests = machines.map(guest)
        return Step(
            "sysprep", "prepare the disks of \(names.joined(separator: ", ")) offline", needs: Set(needs), patience: .cancel,
            deadline: .seconds(600 + 120 * machines.count) * factor, lookAt: "atoll doctor, and libguestfs-test-tool",
            apply: { [host] progress in try await host.preparer.sysprep(guests) { progress.report($0, $1) } })
    }

    /// After everything that writes into disks; all disks at once, the commands of one disk in order.
    private func buildSteps(_ machine: Machine, needs: Set<String>) throws -> [Step] {
        let section = BuildSection(publicKey: files.publicKey)
        return try zip(machine.disks, machine.spec.disks).compactMap { disk, recipe in
            let commands = try section.commands(recipe.build)
            guard !commands.isEmpty else { return nil }
            let files = files
            return Step(
                "build:\(machine.name)/\(disk.name)", "build \(disk.device) of \(machine.name)", needs: needs, patience: .cancel,
                deadline: .seconds(1800 * commands.count) * factor,
                lookAt: "the `build` of \(disk.name) in \(request.file): a command in it may wait for an answer or for a network",
                apply: { [host] progress in
                    for arguments in commands {
                        progress.report(nil, arguments.first ?? "")
                        try await host.disks.customize(
                            files.resolved(disk.path), arguments: arguments, accelerator: host.accelerator.accelerator)
                    }
                })
        }
    }

    private var scriptSteps: [Step] {
        let scripts = DeployScripts(variables: request.variables).files(of: environment)
        guard !scripts.isEmpty else { return [] }
        let directory = files.scripts
        return [
            Step(
                "scripts", "copy \(scripts.count) deploy scripts", needs: ["prefix"],
                apply: { _ in
                    try await Blocking.run {
                        for script in scripts {
                            try AtomicFile.write(try AtomicFile.read(script.source), to: directory + "/" + script.name, mode: 0o750)
                        }
                    }
                })
        ]
    }

    private func saveStep(needs: Set<String>) -> Step {
        let files = files
        let request = request
        let environment = environment
        return Step(
            "save", "save the environment", needs: needs,
            apply: { [host] _ in
                try await Blocking.run {
                    try SavedEnvironment.save(environment, to: files)
                    try AtomicFile.write(Digest.sha256(try AtomicFile.read(request.file)) + "\n", to: files.initFileDigest)
                    try AtomicFile.write(
                        "{\n    \"lago_version\": \"1.0.2\",\n    \"atoll_version\": \"\(AtollVersion.text)\"\n}\n", to: files.metadata)
                    let workdir = Workdir(path: request.workdir)
                    try AtomicFile.write("", to: files.marker)
                    if request.setCurrent || SymbolicLink.target(workdir.currentLink) == nil { try workdir.setCurrent(request.prefixName) }
                    if var entry = try host.registry.find(environment.id) {
                        entry.state = .ready
                        try host.registry.register(entry)
                    }
                }
            })
    }
}

/// The product's version.
package enum AtollVersion {
    package static let text = "0.1.0"
}
