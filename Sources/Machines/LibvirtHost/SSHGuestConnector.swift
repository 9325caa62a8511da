package import AtollHostPorts
import AtollCommands
package import AtollGuestAccess
package import AtollModel
import AtollPlatform
import AtollSSH
import Synchronization

/// Guests over ssh, with the prefix's key and its known hosts. One connection per VM is kept for the whole verb.
package final class SSHGuestConnector: GuestConnector {
    /// What settings say for VMs that say nothing.
    package struct Defaults: Sendable {
        package var user: String
        package var password: String?
        /// Seconds for one attempt to log in.
        package var attemptSeconds: Int

        package init(user: String = "root", password: String? = nil, attemptSeconds: Int = 10) {
            self.user = user
            self.password = password
            self.attemptSeconds = attemptSeconds
        }
    }

    private let defaults: Defaults
    /// Logging in costs seconds of key exchange under emulation.
    private let patience: Int
    private let channels = Mutex<[String: SSHGuestChannel]>([:])

    package init(defaults: Defaults, accelerator: Accelerator) {
        self.defaults = defaults
        patience = accelerator.deadlineFactor
    }

    package func waitUntilReady(
        _ machine: Machine, of environment: Environment, files: PrefixFiles, deadline: Duration, seen: @escaping @Sendable (String) -> Void
    ) async throws -> GuestReady {
        let channel = try channel(to: machine, files: files, connectTimeout: .seconds(1))
        let console = files.console(machine.name)
        let readiness = Readiness(
            consoleTail: {
                let tail = ConsoleLog(console).tail(limit: 16384)
                return tail.isEmpty ? "(nothing was written on it)" : tail
            },
            progress: { progress in if progress.report.attempts > 0 { seen(progress.report.lastSeen) } })
        var requirements = channel.requirements(
            patience: deadline, attempt: attempt, identityHint: GuestIdentityHint.text(machine.bootstrap),
            isLoginOurs: machine.acceptsOurLogin)
        if machine.readyCondition == .cloudInit {
            requirements.append(
                .cloudInit(in: channel, patience: deadline, isExplicit: machine.spec.readyCondition == .cloudInit))
        }
        do {
            let reports = try await readiness.wait(for: requirements, within: deadline)
            return GuestReady(
                machine: machine.name, waited: reports.reduce(.zero) { $0 + $1.waited }, attempts: reports.reduce(0) { $0 + $1.attempts })
        } catch let error as GuestAccessError where error.code == .notReady {
            throw EnvironmentError(.timeout, error.message)
        }
    }

    package func shell(_ machine: Machine, of environment: Environment, files: PrefixFiles, command: RemoteCommand) async throws -> Int32 {
        // There is no second attempt, so this one has all the time there is for one.
        let channel = try channel(to: machine, files: files, connectTimeout: attempt)
        do {
            let code = try await channel.attach(command, streams: StandardStreams())
            await channel.close()
            return code
        } catch var error as GuestAccessError where error.code == .unreachable {
            error.message += "; wait for it with: atoll wait \(ShellWord.quoted(machine.name))"
            throw error
        }
    }

    package func channel(to machine: Machine, files: PrefixFiles) throws -> any GuestChannel {
        try channel(to: machine, files: files, connectTimeout: attempt)
    }

    /// For one attempt to log in: what settings say, times what emulation costs.
    var attempt: Duration { .seconds(defaults.attemptSeconds * patience) }

    private func channel(to machine: Machine, files: PrefixFiles, connectTimeout: Duration) throws -> SSHGuestChannel {
        let key = files.path + "\n" + machine.name
        if let open = channels.withLock({ $0[key] }) { return open }
        let made = SSHGuestChannel(try target(machine, files, connectTimeout))
        return channels.withLock { channels in
            if let other = channels[key] { return other }
            channels[key] = made
            return made
        }
    }

    /// The keys of a prefix, ours first; a guest of el6 takes only the RSA one, an environment made by Lago has only that.
    static func keys(of files: PrefixFiles) throws -> [KeyPair] {
        var paths = SystemCall.exists(files.privateKey) ? [files.privateKey] : []
        if SystemCall.exists(files.legacyPrivateKey), paths.isEmpty || SymbolicLink.target(files.legacyPrivateKey) == nil {
            paths.append(files.legacyPrivateKey)
        }
        // With neither, the error names the one that should be there.
        if paths.isEmpty { paths = [files.privateKey] }
        return try paths.map { path in
            let text = try AtomicFile.text(path, limit: 1 << 16)
            do {
                return try KeyPair(privateText: text, path: path)
            } catch let error as SSHError {
                throw EnvironmentError(.malformed, "cannot use the ssh key '\(path)': \(error)")
            }
        }
    }

    private func target(_ machine: Machine, _ files: PrefixFiles, _ connectTimeout: Duration) throws -> SSHGuestChannel.Target {
        guard let address = machine.address else {
            guard machine.isLocal else {
                throw EnvironmentError(
                    .refused, "no address known for VM '\(machine.name)': its vm-provider is ssh\nhint: set 'ip' of a NIC in the init file")
            }
            throw EnvironmentError(
                .refused,
                "\(machine.name) has no address known here: its management net is a bridge. Use: atoll console \(ShellWord.quoted(machine.name))"
            )
        }
        // One machine whose keys nobody made (`bootstrap: none`) cannot be pinned; every other is.
        let pinned = SystemCall.exists(files.identity(machine.name))
        let hosts = KnownHosts(parsing: (try? AtomicFile.text(files.knownHosts)) ?? "")
        let spec = machine.spec
        return SSHGuestChannel.Target(
            name: machine.name, endpoint: Endpoint(host: "\(address)"),
            credentials: Credentials(
                user: spec.sshUser ?? defaults.user, keys: try Self.keys(of: files),
                password: spec.sshPassword ?? spec.rootPassword ?? defaults.password),
            hostKeys: pinned ? .known(hosts) : .acceptAny, connectTimeout: connectTimeout, loginTimeout: attempt)
    }
}
