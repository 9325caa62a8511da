package import AtollModel
import AtollPlatform
import Foundation
import Glibc

/// Leases of the subnets 192.168.200.0/24 to 192.168.255.0/24, each held by at most one prefix of this host.
///
/// File and lock format are Lago's (spec 3.8): `<third octet>.lease` with `["/PREFIX/uuid", "UUID"]`, and `subnet-lease.lock`. Callers
/// choose the subnet, from a `snapshot` and from the networks and routes in use; this type only takes it.
package struct LeaseStore: Sendable, Equatable {
    package let directory: String
    /// Timeout for the lock.
    package var patience: Duration

    package static let defaultDirectory = "/var/lib/lago/subnets"

    package init(directory: String = LeaseStore.defaultDirectory, patience: Duration = .seconds(5)) {
        self.directory = directory
        self.patience = patience
    }

    /// Leases at one moment, and warnings about invalid files.
    package struct Snapshot: Sendable, Equatable {
        /// Leases by third octet.
        package var leases: [UInt8: Lease] = [:]
        package var warnings: [String] = []

        /// Third octets held by a prefix, unreadable ones included.
        package var taken: Set<UInt8> {
            Set(leases.values.compactMap { if case .stale = $0.standing { nil } else { $0.octet } })
        }
    }

    /// All leases, read without the lock. A missing store is empty.
    /// - Throws: `.permission` if the directory cannot be listed.
    package func snapshot() throws -> Snapshot {
        var snapshot = Snapshot()
        guard SystemCall.exists(directory) else { return snapshot }
        for octet in try octetsOnFile() {
            guard let lease = Lease.read(file(octet), octet: octet) else { continue }
            snapshot.leases[octet] = lease
            if case .unreadable(let why) = lease.standing { snapshot.warnings.append(why) }
        }
        snapshot.warnings.sort()
        return snapshot
    }

    /// Takes a subnet for an owner. No-op if the owner holds it; replaces a stale lease.
    /// - Throws: `.taken` naming the holder; `.outOfRange`; `.locked`; `.permission`.
    package func take(_ subnet: IPv4Subnet, for owner: LeaseOwner) async throws {
        guard subnet.isLeased else {
            throw ClaimError(
                .outOfRange, "subnet \(subnet) is outside the leasable range 192.168.200.0/24 to 192.168.255.0/24")
        }
        try await locked { try take(octet: subnet.base.octets[2], for: owner) }
    }

    /// Releases subnets of this owner: `subnets`, or all of them. Leases of other owners are left alone.
    /// - Returns: the released subnets, in ascending order.
    @discardableResult
    package func release(_ subnets: [IPv4Subnet]? = nil, of owner: LeaseOwner) async throws -> [IPv4Subnet] {
        guard SystemCall.exists(directory) else { return [] }
        // No other process takes a lease for this owner, so an owner without leases needs no lock (and no write permission).
        func isOwners(_ octet: UInt8) -> Bool { Lease.read(file(octet), octet: octet)?.owner?.uuid == owner.uuid }
        guard try octetsOnFile().contains(where: isOwners) else { return [] }
        return try await locked {
            var freed: [IPv4Subnet] = []
            for octet in try octetsOnFile() where subnets?.contains(IPv4Subnet(leasedThirdOctet: octet)) ?? true {
                // Compare by uuid: the uuid file may be gone already, and the prefix may have been reached by another path.
                guard let lease = Lease.read(file(octet), octet: octet), lease.owner?.uuid == owner.uuid else { continue }
                try SystemCall.check("remove \(lease.file)") { unlink(lease.file) }
                freed.append(lease.subnet)
            }
            return freed.sorted { $0.base < $1.base }
        }
    }

    /// Path of the lease file of this third octet.
    package func file(_ octet: UInt8) -> String { "\(directory)/\(octet).lease" }

    private func take(octet: UInt8, for owner: LeaseOwner) throws {
        switch Lease.read(file(octet), octet: octet)?.standing {
        case .held(owner): return
        case .held(let other):
            let range = IPv4Subnet(leasedThirdOctet: octet)
            throw ClaimError(
                .taken,
                "subnet \(range) is already leased by '\(other.uuidPath)'\nhint: choose another gw, omit gw to get a free subnet,"
                    + " or destroy that environment")
        case .unreadable(let why): throw ClaimError(.taken, "subnet \(IPv4Subnet(leasedThirdOctet: octet)) counts as leased: \(why)")
        case .stale, nil: break
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let text = try encoder.encode([owner.uuidPath, owner.uuid])
        try AtomicFile.write(text, to: file(octet), mode: 0o664)
    }

    private func octetsOnFile() throws -> [UInt8] {
        let names: [String]
        do { names = try Directories.list(directory) } catch let error as PlatformError {
            throw ClaimError(
                error, "cannot read the subnet leases in '\(directory)': \(error)\nhint: \(Self.advice)")
        }
        return names.compactMap { name in
            guard name.hasSuffix(".lease"), let octet = UInt8(name.dropLast(6)), "\(octet).lease" == name else { return nil }
            return IPv4Subnet.leasedRange.contains(octet) ? octet : nil
        }.sorted()
    }

    private func locked<T: Sendable>(_ body: () throws -> T) async throws -> T {
        do {
            if !SystemCall.exists(directory) { try StateRoot.makeShared(directory, mode: 0o2775) }
            let lock = try await FileLock.acquire(
                directory + "/subnet-lease.lock", note: "pid \(getpid())", patience: patience)
            defer { lock.release() }
            return try body()
        } catch let error as ClaimError where !SystemCall.exists(directory) {
            throw ClaimError(error.code, "cannot create the lease directory '\(directory)'\nhint: \(Self.advice)")
        } catch let error as PlatformError {
            switch error.code {
            case .locked:
                throw ClaimError(
                    .locked,
                    "\(error.message): timed out after \(patience)\nhint: another process is leasing subnets or hangs"
                        + " (fuser -v \(directory)/subnet-lease.lock), or you lack permission for the lock file")
            case .cancelled: throw ClaimError(.cancelled, error.message)
            case .permission: throw ClaimError(.permission, "\(error.message)\nhint: \(Self.advice)")
            default: throw ClaimError(.io, error.message)
            }
        }
    }

    private static let advice =
        "the directory must be writable for your group (run scripts/setup, or join its group), or name another with --lease-dir"
}
