package import AtollHostPorts
import AtollDocuments
package import AtollCommands
package import AtollArchive
package import AtollClaims
package import AtollEnvironments
import AtollModel
import AtollPlanning
import AtollTemplates
import AtollPlatform
package import Foundation
import OrderedCollections
import Synchronization

/// A VM made for one run: an environment of one machine, brought up like any other and destroyed with the run.
package final class VMInstance: KeepableInstance {
    package let name: String
    package let kind = InstanceKind.libvirt
    private let request: VMRequest
    private let host: AtollEnvironments.Host
    private let context: VerbContext
    private let directory: RunDirectory
    private let bootPatience: Duration?
    /// The host's room for it; given back when the VM is gone.
    private let grant: CapacityGrant?
    private let attempts: Int
    private let state = Mutex(State())

    private struct State {
        var inside: RemoteInstance?
        var machine: Machine?
        var isGone = false
    }

    /// - Parameters:
    ///   - directory: of this run; it is removed with the VM.
    ///   - attempts: how often a VM that does not come up is made anew.
    ///   - bootPatience: how long it may take until a command ran in it; nil is the environment's own limit.
    package init(
        _ request: VMRequest, directory: RunDirectory, host: AtollEnvironments.Host, context: VerbContext, bootPatience: Duration? = nil,
        attempts: Int = 3, grant: CapacityGrant? = nil
    ) {
        self.request = request
        self.directory = directory
        self.host = host
        self.context = context
        self.bootPatience = bootPatience
        self.grant = grant
        self.attempts = attempts
        name = request.machineName
    }

    package var files: PrefixFiles { PrefixFiles(path: directory.workdir + "/" + RunDirectory.prefixName) }
    package var ownDirectory: String { "/var/tmp/atoll-\(request.run)" }

    /// The key, the address and the way in by hand.
    package var loginCommand: String? {
        guard let machine = state.withLock({ $0.machine }), let address = machine.address else { return nil }
        return ShellWord.joined([
            "ssh", "-i", files.privateKey, "-o", "UserKnownHostsFile=\(files.knownHosts)", "\(machine.spec.sshUser ?? "root")@\(address)",
        ])
    }

    package var image: InstanceImage? {
        guard let path = state.withLock({ $0.machine })?.disks.first?.backing.first?.path, let slash = path.lastIndex(of: "/"),
            let name = TemplateName(String(path[path.index(after: slash)...]))
        else { return InstanceImage(name: request.image.name) }
        let stored = TemplateStore(root: host.stateRoot, directory: String(path[..<slash])).find(name)
        return InstanceImage(name: name.description, digest: stored?.digest)
    }

    /// What the console wrote so far.
    package var consoleLog: String { files.console(name) }

    package func start() async throws {
        try await Attempts.run(
            attempts, note: context.note, cleanUp: { try await Disposal(host: host, note: context.note).clear(directory) }
        ) {
            try await explained { try await boot() }
        }
    }

    private func explained(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as DisposableError {
            throw error
        } catch is CancellationError {
            throw DisposableError(.cancelled, "interrupted while \(name) was made")
        } catch let failure as PlanFailure {
            guard failure.signal == nil else { throw DisposableError(.cancelled, "interrupted") }
            let isImage = failure.failed.contains { $0.error is TemplateError }
            throw DisposableError(isImage ? .image : .boot, Self.words(failure))
        } catch let error as TemplateError {
            throw DisposableError(.image, "\(error)")
        } catch let error as InvalidInput {
            // The file these name was written by us and goes with the run.
            let words = error.diagnostics.map(\.message).joined(separator: "\n")
            throw DisposableError(.hardware, "\(name) cannot be had as it is asked for: \(words)")
        } catch {
            throw DisposableError(.boot, "\(name) could not be made: \(error)")
        }
    }

    private func boot() async throws {
        let file = directory.path + "/environment.json"
        try AtomicFile.write(ValueJSON.render(request.initFile(), indent: 2, sorted: false) + "\n", to: file, mode: 0o640)
        let initialize = InitRequest(file: file, workdir: directory.workdir, prefixName: RunDirectory.prefixName)
        let environment = try await InitUseCase(host: host, context: context).run(initialize)
        guard let machine = environment.machines[name] else { throw DisposableError(.boot, "\(name) is missing from its environment") }
        state.withLock { $0.machine = machine }
        _ = try await StartUseCase(host: host, context: context).run(files, machines: [])
        _ = try await WaitUseCase(host: host, context: context).run(files, machines: [], timeout: bootPatience)
        let domain = environment.libvirtName(ofMachine: name)
        let inside = RemoteInstance(
            name: name, kind: .libvirt, run: request.run, channel: try host.guests.channel(to: machine, files: files),
            patience: .seconds(30) * host.accelerator.accelerator.deadlineFactor, loginCommand: loginCommand,
            liveness: { [host, name] in
                // An answer that does not come says nothing about the VM.
                guard let found = try? await host.domains.domain(named: domain) else {
                    return await Self.isGone(domain, host) ? "\(name) is gone: its domain \(domain) does not run any more" : nil
                }
                return found.state == .shutOff || found.state == .crashed ? "\(name) is \(found.state.rawValue)" : nil
            })
        state.withLock { $0.inside = inside }
        try await inside.start()
    }

    private static func isGone(_ domain: String, _ host: AtollEnvironments.Host) async -> Bool {
        do { return try await host.domains.domain(named: domain) == nil } catch { return false }
    }

    private static func words(_ failure: PlanFailure) -> String {
        failure.failed.map { "\($0.title): \($0.error)" }.joined(separator: "\n")
    }

    private func inside() throws -> RemoteInstance {
        guard let inside = state.withLock({ $0.inside }) else { throw DisposableError(.lost, "\(name) is not running") }
        return inside
    }

    package func run(_ command: InstanceCommand, output: @escaping CommandOutput) async throws -> CommandResult {
        try await inside().run(command, output: output)
    }

    @discardableResult
    package func push(_ source: CopySource, to directory: String) async throws -> [String] {
        try await inside().push(source, to: directory)
    }

    package func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport {
        try await inside().pull(contentsOf: directory, to: local, limits: limits)
    }

    package func consoleTail() async -> String { ConsoleLog(consoleLog).tail(limit: 1 << 20) }

    /// Leaves the VM running until `expires`; `atoll gc` removes it then.
    package func keep(until expires: Date, because reason: String) async throws {
        await state.withLock { $0.inside }?.closeConnection()
        try directory.update { record in
            record.kept = reason
            record.expires = expires
        }
        directory.leave()
        grant?.leave()
        state.withLock { $0.isGone = true }
    }

    package func dispose() async throws {
        guard !state.withLock({ $0.isGone }) else { return }
        await state.withLock { $0.inside }?.closeConnection()
        try await Disposal(host: host, failpoints: context.failpoints, note: context.note).remove(directory)
        grant?.release()
        state.withLock { $0.isGone = true }
    }
}
