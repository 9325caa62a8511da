package import AtollHostPorts
import AtollBootstrap
package import AtollModel
import AtollPlatform
import AtollSSH
import Foundation
import OrderedCollections

/// Gives guests their identity: made once, saved in the prefix, written by a seed volume or by sysprep.
package struct IdentityPreparer: GuestPreparer {
    private let recipeDirectory: @Sendable () throws -> String
    private let accelerator: Accelerator

    /// - Parameter recipeDirectory: where `templates/bootstrap` is; asked only when a disk is prepared offline.
    package init(recipeDirectory: @escaping @Sendable () throws -> String, accelerator: Accelerator) {
        self.recipeDirectory = recipeDirectory
        self.accelerator = accelerator
    }

    /// What of an identity is drawn rather than derived. The file is 0600: it holds the guest's private host keys.
    private struct Saved: Codable {
        struct Key: Codable {
            var kind: String
            var privateText: String
            var publicLine: String
        }
        var instanceID: String
        var machineID: String
        var hostKeys: [Key]
    }

    package func makeIdentity(_ guest: GuestPreparation) async throws {
        try await Blocking.run {
            var generator = SystemRandomNumberGenerator()
            let comment = "root@\(guest.machine.name)"
            var keys = [("ed25519", try KeyPair.ed25519(comment: comment))]
            if distro(guest.machine)?.hasPrefix("el6") == true { keys.append(("rsa", try KeyPair.rsa(comment: comment))) }
            let saved = Saved(
                instanceID: "\(guest.environment.id.eight)-\(guest.machine.name)-\(UInt32.random(in: 0 ... .max, using: &generator))",
                machineID: PrefixID(using: &generator).hex,
                hostKeys: keys.map { Saved.Key(kind: $0.0, privateText: $0.1.privateText, publicLine: $0.1.publicLine) })
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            try AtomicFile.write(try encoder.encode(saved), to: guest.files.identity(guest.machine.name), mode: 0o600)
        }
    }

    package func writeSeed(_ guest: GuestPreparation) async throws {
        try await Blocking.run {
            let bytes = try SeedVolume.image(
                of: try identity(guest), cloudInit: guest.machine.spec.cloudInit, directory: Directories.working(),
                environment: guest.variables,
                time: Int64(Date.now.timeIntervalSince1970))
            let path = guest.files.seed(guest.machine.name)
            try AtomicFile.write(bytes, to: path, mode: 0o600)
            try ImageFiles.allowQEMU(path, write: false)
        }
    }

    package func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws {
        let disks = try guests.compactMap { guest -> SysprepBatch.Disk? in
            guard let disk = guest.machine.disks.first else { return nil }
            return SysprepBatch.Disk(
                path: guest.files.resolved(disk.path), format: disk.format, identity: try identity(guest), distro: distro(guest.machine),
                rootPartition: disk.metadata["root-partition"]?.text,
                // A build section may have changed it.
                origin: guest.machine.spec.disks.first?.build == nil ? disk.backing.first?.path : nil)
        }
        let recipes = try RecipeBook(directory: try recipeDirectory())
        try await SysprepBatch.run(disks, recipes: recipes, forceTCG: accelerator == .tcg) { event in
            switch event {
            case .launching(let count): progress(nil, "starting one libguestfs appliance for \(count) disks")
            case .launched(let duration): progress(nil, "appliance up after \(duration.components.seconds) s")
            case .prepared(let outcome): progress(nil, "\(outcome.hostname) prepared by recipe \(outcome.recipe)")
            case .note(let text): progress(nil, text)
            }
        }
    }

    private func distro(_ machine: Machine) -> String? { machine.spec.distro ?? machine.disks.first?.metadata["distro"]?.text }

    private func identity(_ guest: GuestPreparation) throws -> GuestIdentity {
        let machine = guest.machine
        let saved = try JSONDecoder().decode(Saved.self, from: Data(try AtomicFile.read(guest.files.identity(machine.name))))
        return GuestIdentity(
            hostname: machine.name, domainName: guest.environment.networks[machine.managementNet]?.dnsDomainName,
            instanceID: saved.instanceID, machineID: saved.machineID,
            hostKeys: saved.hostKeys.compactMap { key in
                HostKey.Kind(rawValue: key.kind).map { HostKey(kind: $0, privateKey: Secret(key.privateText), publicKey: key.publicLine) }
            },
            authorizedKeys: try Self.authorizedKeys(guest.files), rootPassword: machine.spec.rootPassword.map { Secret($0) },
            nics: NICPlan.plans(for: machine, in: guest.environment))
    }

    /// The prefix's public keys: a real RSA key is there for guests of el6, else the old name is a link to ours.
    static func authorizedKeys(_ files: PrefixFiles) throws -> [String] {
        let isReal = SystemCall.exists(files.legacyPublicKey) && SymbolicLink.target(files.legacyPublicKey) == nil
        return try ([files.publicKey] + (isReal ? [files.legacyPublicKey] : [])).map {
            try AtomicFile.text($0).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    package func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws {
        try await Blocking.run {
            var hosts = KnownHosts()
            for machine in environment.machines.values where SystemCall.exists(files.identity(machine.name)) {
                let saved = try JSONDecoder().decode(Saved.self, from: Data(try AtomicFile.read(files.identity(machine.name))))
                let names = [machine.name] + machine.nics.compactMap { $0.address.map { "\($0)" } }
                for key in saved.hostKeys { hosts.add(try PublicKey(line: key.publicLine), hosts: names) }
            }
            try AtomicFile.write(hosts.rendered, to: files.knownHosts)
        }
    }
}

/// The rights of QEMU's user on files that we make for it.
enum ImageFiles {
    /// Gives QEMU's user access to one file; does nothing on a host without that user.
    static func allowQEMU(_ path: String, write: Bool) throws {
        guard let user = AccessControl.qemuUser else { return }
        try AccessControl.grant(write ? [.read, .write] : [.read], on: path, to: user)
    }
}
