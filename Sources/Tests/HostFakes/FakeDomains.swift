package import AtollHostPorts
package import AtollModel
import AtollPlatform
package import AtollVirtXML
import Glibc
import Synchronization

extension FakeHost: HostHardware {
    package func capabilities() async throws -> HostCapabilities { try libvirt { $0.capabilities } }
    package func domainCapabilities(_ kind: DomainKind) async throws -> DomainCapabilities { try libvirt { $0.domainCapabilities } }
    package func cpuModels() async throws -> CPUModels { world.withLock { $0.cpuModels } }
}

extension FakeHost: DomainLifecycle {
    package func domains() async throws -> [ObservedDomain] { try libvirt { Array($0.domains.values) } }
    package func domain(named name: String) async throws -> ObservedDomain? { try libvirt { $0.domains[name] } }

    package func start(_ definition: DomainDefinition) async throws {
        try checkCreation()
        let owner = definition.ownerTag.prefix
        try libvirt { world in
            if let existing = world.domains[definition.name] {
                guard existing.owner == owner else { throw EnvironmentError(.hostFailure, "domain '\(definition.name)' already exists") }
                return
            }
            guard definition.nics.allSatisfy({ world.networks[$0.network]?.isActive == true }) else {
                throw EnvironmentError(.hostFailure, "domain '\(definition.name)': a network is not active")
            }
            guard !world.broken.contains(definition.ownerTag.name) else {
                throw EnvironmentError(.hostFailure, "QEMU failed to run VM '\(definition.ownerTag.name)'")
            }
            world.domains[definition.name] = ObservedDomain(
                name: definition.name, state: .running, owner: owner, accelerator: definition.type == .kvm ? .kvm : .tcg)
            world.definitions[definition.name] = definition
        }
    }

    /// Of a domain or a network: both ports name it so.
    package func stop(named name: String, owner: PrefixID) async throws {
        try libvirt { world in
            if let domain = world.domains[name] {
                guard domain.owner == owner else { throw EnvironmentError.foreign("domain", name, owner) }
                world.domains[name] = nil
                world.definitions[name] = nil
                world.stops[name, default: 0] += 1
            }
            if let network = world.networks[name] {
                guard network.owner == owner else { throw EnvironmentError.foreign("network", name, owner) }
                world.networks[name] = nil
                world.networkDefinitions[name] = nil
            }
        }
    }
}

extension FakeHost: DomainFiles {
    package func completingBackingChains(of machine: Machine, files: PrefixFiles) async throws -> Machine {
        for disk in machine.disks where !SystemCall.exists(files.resolved(disk.path)) {
            throw EnvironmentError(.refused, "disk '\(disk.device)' of VM '\(machine.name)' is missing")
        }
        return machine
    }
    package func checkAccess(to machine: Machine, files: PrefixFiles, user: UInt32) async throws {}
    package func createConsoleLog(at path: String) async throws {}
}

extension FakeHost: DomainMemory {
    package func suspend(named name: String, owner: PrefixID) async throws {
        try owned(name, owner) { world in world.domains[name]?.state = .paused }
    }

    package func resume(named name: String, owner: PrefixID) async throws {
        try owned(name, owner) { world in world.domains[name]?.state = .running }
    }

    package func save(named name: String, owner: PrefixID, to path: String) async throws {
        try owned(name, owner) { world in
            guard let domain = world.domains[name] else { return }
            world.saved[path] = Saved(domain: domain, definition: world.definitions[name])
            world.domains[name] = nil
            world.definitions[name] = nil
        }
        try AtomicFile.write("saved", to: path)
    }

    package func restore(from path: String, owner: PrefixID) async throws {
        try libvirt { world in
            guard SystemCall.exists(path), let saved = world.saved[path] else {
                throw EnvironmentError(.notFound, "saved domain '\(path)' is missing")
            }
            guard saved.domain.owner == owner else { throw EnvironmentError.foreign("saved domain", saved.domain.name, owner) }
            guard world.domains[saved.domain.name] == nil else {
                throw EnvironmentError(.hostFailure, "domain '\(saved.domain.name)' already exists")
            }
            world.domains[saved.domain.name] = saved.domain
            world.definitions[saved.domain.name] = saved.definition
        }
    }

    package func monitor(
        _ command: MonitorCommand, named name: String, owner: PrefixID, descriptors: [Int32]
    ) async throws -> Value {
        try owned(name, owner) { world in
            world.monitorCommands.append(command)
            switch command.name {
            case "query-status": return ["running": .bool(world.domains[name]?.state == .running)]
            case "getfd" where descriptors.count == 1 && fcntl(descriptors[0], F_GETFD) >= 0: return [:]
            case "closefd": return [:]
            default:
                throw EnvironmentError(.hostFailure, "domain '\(name)': monitor command '\(command.name)' failed: unsupported by the fake")
            }
        }
    }

    /// Changes a domain of `owner`.
    private func owned<T: Sendable>(
        _ name: String, _ owner: PrefixID, _ body: (inout sending World) throws -> sending T
    ) throws -> T {
        try libvirt { world in
            guard let domain = world.domains[name] else { throw EnvironmentError(.notFound, "domain '\(name)' is missing") }
            guard domain.owner == owner else { throw EnvironmentError.foreign("domain", name, owner) }
            return try body(&world)
        }
    }
}

extension FakeHost: DomainSnapshots {
    package func create(_ snapshot: DiskSnapshot, ofDomain name: String, owner: PrefixID) async throws {
        try owned(name, owner) { world in
            guard var definition = world.definitions[name] else { return }
            // libvirt rejects the same snapshots.
            _ = try VirtXML.text(snapshot, of: try DomainDescription(xml: try VirtXML.text(definition)))
            for disk in snapshot.disks {
                guard SystemCall.exists(disk.overlay.path) else {
                    throw EnvironmentError(.hostFailure, "overlay '\(disk.overlay.path)' is missing")
                }
                for index in definition.disks.indices where definition.disks[index].target == disk.target {
                    definition.disks[index].backing.insert(definition.disks[index].image, at: 0)
                    definition.disks[index].image = disk.overlay
                }
            }
            world.definitions[name] = definition
        }
    }

    package func commit(
        disk target: String, ofDomain name: String, owner: PrefixID, progress: @escaping @Sendable (Double) -> Void
    ) async throws {
        try owned(name, owner) { world in
            guard let index = world.definitions[name]?.disks.firstIndex(where: { $0.target == target }),
                let below = world.definitions[name]?.disks[index].backing.first
            else { throw EnvironmentError(.notFound, "domain '\(name)': unknown disk '\(target)'") }
            world.definitions[name]?.disks[index].image = below
            world.definitions[name]?.disks[index].backing.removeFirst()
        }
        progress(1)
    }

    package func topLayers(ofDomain name: String, owner: PrefixID) async throws -> [String: String] {
        try owned(name, owner) { world in
            let disks = world.definitions[name]?.disks ?? []
            return Dictionary(disks.map { ($0.target, $0.image.path) }, uniquingKeysWith: { first, _ in first })
        }
    }
}
