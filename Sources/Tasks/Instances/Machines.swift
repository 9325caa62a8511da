package import AtollClaims
package import AtollEnvironments
import AtollGuestAccess
import AtollModel
import AtollPlatform
import AtollSSH
import Foundation
import Glibc

/// Makes instances, not started yet.
package struct Machines: Sendable {
    private let host: AtollEnvironments.Host
    private let claims: CapacityClaims

    /// - Parameter budget: what all runs of this host together may use; nil is what the host has.
    package init(host: AtollEnvironments.Host, budget: (@Sendable () -> CapacityBudget)? = nil) {
        self.host = host
        let root = host.stateRoot
        claims = CapacityClaims(directory: root.capacity, budget: budget ?? { CapacityBudget.automatic(root: root) })
    }

    /// A VM, once the host has room for it.
    /// - Parameters:
    ///   - life: when it may be cleared away whatever its process does.
    ///   - artifacts: where its run's results go, for the record.
    ///   - context: how its environment's plans are run.
    /// - Throws: `DisposableError`: `.hardware` for what this host never has, `.exists`.
    package func vm(
        _ request: VMRequest, life: Duration, artifacts: String, context: VerbContext, bootPatience: Duration? = nil,
        attempts: Int = 3
    ) async throws -> VMInstance {
        guard request.memoryMiB >= VMRequest.leastMemoryMiB else {
            throw DisposableError(
                .hardware,
                "\(request.memoryMiB) MiB of memory is less than the kernel of any distribution boots in (\(VMRequest.leastMemoryMiB) MiB);"
                    + " ask for more with --memory")
        }
        // Said at once, not after a wait for room that the other one may take.
        try RunDirectory.check(request.run, root: host.stateRoot)
        let wants = CapacityRequest(
            memoryMiB: request.memoryMiB, cpus: request.cpus,
            diskBytes: (request.diskBytes ?? 1 << 30) + request.extraDiskBytes.reduce(0, +), subnets: 1, purpose: request.run,
            // Made once it is granted; what stays of the run when its process dies is in there.
            holder: RunDirectory.parent(host.stateRoot) + "/" + request.run)
        let grant: CapacityGrant
        do {
            grant = try await claims.acquire(wants, waiting: context.note) { _ in
                // Whoever is in need of room does what `atoll gc` would; kept VMs stay.
                let entries = (try? await Sweep(host: host, note: context.note).run()) ?? []
                let gone = entries.filter { $0.outcome == .removed }.map(\.run)
                if !gone.isEmpty { context.note("cleared away what \(gone.joined(separator: ", ")) left, for room") }
            }
        } catch let error as ClaimError {
            throw DisposableError(error.code == .cancelled ? .cancelled : .hardware, error.message)
        }
        let record = RunDirectory.Record(
            run: request.run, expires: Date(timeIntervalSinceNow: Double(life.components.seconds)), artifacts: artifacts)
        var request = request
        request.expires = record.expires
        let directory: RunDirectory
        do { directory = try await Blocking.run { [root = host.stateRoot] in try RunDirectory.create(record, root: root) } } catch {
            // What is there all of a sudden is another run's, and no holder of ours.
            grant.release()
            throw error
        }
        return VMInstance(
            request, directory: directory, host: host, context: context, bootPatience: bootPatience, attempts: attempts, grant: grant)
    }

    /// A machine that is there already.
    /// - Parameters:
    ///   - keyPath: the private key; empty tries the usual ones of `home`.
    ///   - home: whose `.ssh` is looked into for keys and for the machine's own key.
    /// - Throws: `.unreachable` when no key can be read.
    package static func ssh(
        user: String, host: String, port: Int, keyPath: String, home: String, run: String, patience: Duration = .seconds(60)
    ) throws -> RemoteInstance {
        let folder = home + "/.ssh"
        let paths =
            keyPath.isEmpty
            ? ["id_ed25519", "id_ecdsa", "id_rsa"].map { folder + "/" + $0 }.filter { SystemCall.exists($0) } : [keyPath]
        guard !paths.isEmpty else {
            throw DisposableError(.unreachable, "there is no key in \(folder) to log in to \(host) with; name one with --ssh-privkey")
        }
        let keys = try paths.map { path in
            do { return try KeyPair(privateText: try AtomicFile.text(path, limit: 1 << 16)) } catch {
                throw DisposableError(.unreachable, "the key \(path) cannot be used: \(error)")
            }
        }
        let known = try knownHosts(folder + "/known_hosts")
        let endpoint = Endpoint(host: host, port: UInt16(clamping: port))
        let name = "\(user)@\(endpoint)"
        let target = SSHGuestChannel.Target(
            name: name, endpoint: endpoint, credentials: Credentials(user: user, keys: keys), hostKeys: .known(known),
            connectTimeout: .seconds(20), loginTimeout: patience)
        let login = "ssh\(port == 22 ? "" : " -p \(port)")\(keyPath.isEmpty ? "" : " -i \(keyPath)") \(user)@\(host)"
        // A connection of its own for the guard: commands on one connection wait for each other.
        return RemoteInstance(
            name: name, run: run, channel: SSHGuestChannel(target), patience: patience, loginCommand: login,
            forgetCommand: "ssh-keygen -R \(port == 22 ? host : "'[\(host)]:\(port)'")",
            guarded: SSHGuestChannel(target))
    }

    private static func knownHosts(_ path: String) throws -> KnownHosts {
        do { return KnownHosts(parsing: try AtomicFile.text(path, limit: 16 << 20)) } catch let error as PlatformError {
            if error.errno == ENOENT { return KnownHosts() }
            throw DisposableError(
                .unreachable, "the keys of known machines cannot be read, so none is trusted: \(error.message); look at it: ls -ld \(path)")
        }
    }
}
