package import AtollHostPorts
package import AtollModel
import AtollPlanning
import OrderedCollections

/// `status`: what is saved, and what the host shows of it now.
package struct StatusUseCase: Sendable {
    private let host: Host

    package init(host: Host) { self.host = host }

    /// The document of spec 3.5, with `Accelerator` added. VMs whose state cannot be asked for read `failed to get state`.
    /// - Parameter note: told in a line each why states are missing, and what on the host cannot be read.
    package func document(_ files: PrefixFiles, note: (String) -> Void = { _ in }) async throws -> Value {
        let environment = try SavedEnvironment.load(files)
        var domains: [ObservedDomain]?
        var networks: [ObservedNetwork]?
        do {
            domains = try await host.domains.domains()
            networks = try await host.networks.networks()
            for warning in (domains ?? []).compactMap(\.warning) + (networks ?? []).compactMap(\.warning) { note(warning) }
        } catch {
            let reason = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            note("warning: states are not known: \(reason)")
        }
        var document: OrderedDictionary<String, Value> = [
            "Base directory": .string(files.path), "UUID": .string(environment.id.hex),
        ]
        let running = domains?.first { $0.owner == environment.id && $0.accelerator != nil }?.accelerator
        let choice = host.accelerator
        document["Accelerator"] = .string(
            running.map { $0 == choice.accelerator ? "\($0.rawValue) (\(choice.reason))" : "\($0.rawValue) (as the VMs were started)" }
                ?? "\(choice.accelerator.rawValue) (\(choice.reason))")
        if let open = Journal.unfinished(at: files.journal) {
            document["Unfinished"] = .string("\(open.verb) by pid \(open.pid), at: \(open.steps.joined(separator: ", "))")
        }
        document["Networks"] = .map(
            OrderedDictionary(
                environment.networks.values.map { network in
                    let name = environment.libvirtName(ofNetwork: network.name)
                    let up = networks?.contains { $0.name == name && $0.owner == environment.id && $0.isActive }
                    return (
                        network.name,
                        [
                            "gateway": network.gateway.map { .string("\($0)") } ?? .null, "management": .bool(network.management),
                            "status": .string(up == nil ? "unknown" : up == true ? "up" : "down"),
                        ]
                    )
                }, uniquingKeysWith: { first, _ in first }))
        document["VMs"] = .map(
            OrderedDictionary(
                environment.machines.values.map { ($0.name, describe($0, environment, domains)) }, uniquingKeysWith: { first, _ in first }))
        return ["Prefix": .map(document)]
    }

    private func describe(_ machine: Machine, _ environment: Environment, _ domains: [ObservedDomain]?) -> Value {
        let name = environment.libvirtName(ofMachine: machine.name)
        let state: MachineState =
            if !machine.isLocal {
                .running
            } else if let domains {
                domains.first { $0.name == name && $0.owner == environment.id }?.state ?? .down
            } else {
                .unreachable
            }
        let distro = machine.spec.distro ?? machine.disks.first?.metadata["distro"]?.text
        var nics: OrderedDictionary<String, Value> = [:]
        for (index, nic) in machine.nics.enumerated() {
            nics["eth\(index)"] = ["network": .string(nic.net), "ip": .string(nic.address.map { "\($0)" } ?? "N/A")]
        }
        let snapshots = machine.spec.raw["snapshots"]?.members.map { Array($0.keys) } ?? []
        return [
            "distro": distro.map(Value.string) ?? .null,
            // Only what the init file set: nothing here invents or repeats a well-known password.
            "root password": machine.spec.rootPassword.map(Value.string) ?? .null,
            "status": .string(state.rawValue),
            "snapshots": .string(snapshots.joined(separator: ", ")),
            "metadata": .map(machine.spec.metadata),
            "NICs": .map(nics),
        ]
    }
}
