package import AtollHostPorts
import AtollDocuments
import AtollLibvirt
package import AtollModel
import AtollPlatform
import AtollVirtXML
import Glibc
import OrderedCollections

/// Execution and memory of domains through libvirt and the QEMU monitor.
package struct LibvirtMemory: DomainMemory {
    private let link: LibvirtLink
    /// Limit of a save or restore: a guest of many GiB on a slow disk takes minutes.
    private static let transferLimit = Duration.seconds(3600)

    package init(_ link: LibvirtLink) { self.link = link }

    package func suspend(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            let domain = try connection.domain(named: name, owner: owner)
            if try domain.state().state != .paused { try domain.suspend() }
        }
    }

    package func resume(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            let domain = try connection.domain(named: name, owner: owner)
            if try domain.state().state != .running { try domain.resume() }
        }
    }

    package func save(named name: String, owner: PrefixID, to path: String) async throws {
        try Task.checkCancellation()
        do {
            try await withTaskCancellationHandler {
                try await link.use(limit: Self.transferLimit) { try $0.domain(named: name, owner: owner).save(to: path) }
            } onCancel: { [link] in
                // The domain continues to run if its save is aborted.
                Task { try await link.use { try $0.domain(named: name, owner: owner).abortJob() } }
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    package func restore(from path: String, owner: PrefixID) async throws {
        guard SystemCall.exists(path) else { throw EnvironmentError(.notFound, "saved domain '\(path)' is missing") }
        try await link.use(limit: Self.transferLimit) { connection in
            let description = try DomainDescription(xml: try connection.savedDomainXML(path: path))
            guard description.ownerTag?.prefix == owner else { throw EnvironmentError.foreign("saved domain", description.name, owner) }
            try connection.restoreDomain(path: path)
        }
    }

    package func monitor(
        _ command: MonitorCommand, named name: String, owner: PrefixID, descriptors: [Int32]
    ) async throws -> Value {
        var request: [(String, Value)] = [("execute", .string(command.name))]
        if let arguments = command.arguments { request.append(("arguments", arguments)) }
        let json = ValueJSON.render(.map(.init(uniqueKeysWithValues: request)), indent: 0)
        let passed = try DuplicateDescriptors(descriptors)
        let text = try await link.use { try $0.domain(named: name, owner: owner).monitorCommand(json, descriptors: passed.numbers) }
        let reply = try ValueJSON.parse(text, file: "reply of the QEMU monitor")
        guard let value = reply["return"] else {
            let reason = reply["error"]?["desc"]?.text ?? "it has no return value"
            throw EnvironmentError(.hostFailure, "domain '\(name)': monitor command '\(command.name)' failed: \(reason)")
        }
        return value
    }
}

/// Duplicates of descriptors that live as long as the call that uses them, even if its caller stops waiting and closes the originals.
private final class DuplicateDescriptors: Sendable {
    let numbers: [Int32]

    init(_ originals: [Int32]) throws {
        var made: [Int32] = []
        for original in originals {
            let number = fcntl(original, F_DUPFD_CLOEXEC, 3)
            guard number >= 0 else {
                let failure = SystemCall.failure("duplicate descriptor \(original)")
                for open in made { close(open) }
                throw failure
            }
            made.append(number)
        }
        numbers = made
    }

    deinit { for number in numbers { close(number) } }
}
