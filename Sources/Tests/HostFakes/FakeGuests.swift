package import AtollHostPorts
package import AtollGuestAccess
package import AtollModel
import AtollPlatform
import Synchronization

extension FakeHost: DiskTool {
    package func exists(_ path: String) async throws -> Bool { SystemCall.exists(path) }
    package func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws {
        try checkCreation()
        try AtomicFile.write("disk", to: disk.path)
    }
    package func remove(_ path: String) async throws { try Directories.removeTree(path) }
    package func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws {}
    package func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws {}
}

extension FakeHost: TemplateSource {
    package func stored(template: String, version: String?) async throws -> StoredImage? {
        guard world.withLock({ $0.stored.contains(template) }) else { return nil }
        return StoredImage(
            name: "atoll:\(template):1", path: "/store/\(template)",
            metadata: ["distro": .string(template), "bootstrap": template == "tiny" ? "cloud-init" : "sysprep"])
    }

    package func problem(template: String, version: String?) async -> String? {
        world.withLock { $0.refusal != nil && !$0.stored.contains(template) } ? "template '\(template)' is missing" : nil
    }

    package func fetch(
        template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws -> StoredImage {
        try checkCreation()
        guard template != "nowhere" else { throw EnvironmentError(.notFound, "Image nowhere doesn't exist in repo fake") }
        world.withLock { _ = $0.stored.insert(template) }
        guard let image = try await stored(template: template, version: version) else { throw EnvironmentError(.hostFailure, "gone") }
        return image
    }
}

extension FakeHost: GuestPreparer {
    package func makeIdentity(_ guest: GuestPreparation) async throws {
        try AtomicFile.write("{}", to: guest.files.identity(guest.machine.name), mode: 0o600)
    }
    package func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws {}
    package func writeSeed(_ guest: GuestPreparation) async throws {
        try AtomicFile.write("seed", to: guest.files.seed(guest.machine.name))
    }
    package func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws {
        world.withLock { $0.sysprepRuns.append(guests.map(\.machine.name)) }
    }
}

extension FakeHost: GuestConnector {
    package func waitUntilReady(
        _ machine: Machine, of environment: Environment, files: PrefixFiles, deadline: Duration, seen: @escaping @Sendable (String) -> Void
    ) async throws -> GuestReady {
        try checkCreation()
        return GuestReady(machine: machine.name, waited: .zero, attempts: 1)
    }
    package func shell(_ machine: Machine, of environment: Environment, files: PrefixFiles, command: RemoteCommand) async throws -> Int32 {
        world.withLock { $0.shells.append("\(machine.name): \(command)") }
        return 7
    }
    package func channel(to machine: Machine, files: PrefixFiles) throws -> any GuestChannel {
        throw EnvironmentError(.hostFailure, "VM '\(machine.name)' does not answer")
    }
}

extension FakeHost: ConsoleHost {
    package func attach(_ domain: String, owner: PrefixID, hint: @escaping @Sendable (String) -> Void) async throws {
        world.withLock { $0.consoles.append(domain) }
    }
}
