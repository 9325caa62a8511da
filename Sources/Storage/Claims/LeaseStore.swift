package import AtollModel
import AtollPlatform
import Foundation
import Glibc

/// The subnets 192.168.200.0/24 to 192.168.255.0/24, each held by at most one prefix of this host.
///
/// Files and lock are Lago's (spec 3.8): `<third octet>.lease` with `["/PREFIX/uuid", "UUID"]`, and `subnet-lease.lock`. Which subnet is
/// wanted is decided by others, from a `snapshot` and from what libvirt and the host's routes use; here it is only taken.
package struct LeaseStore: Sendable, Equatable {
    package let directory: String
    /// How long to wait for the lock.
    package var patience: Duration

    package static let defaultDirectory = "/var/lib/lago/subnets"

    package init(directory: String = LeaseStore.defaultDirectory, patience: Duration = .seconds(5)) {
        self.directory = directory
        self.patience = patience
    }

    /// What the store holds, and what it says that makes no sense.
    package struct Snapshot: Sendable, Equatable {
        /// By third octet.
        package var leases: [UInt8: Lease] = [:]
        package var warnings: [String] = []

        /// Third octets that a prefix holds, or may hold.
        package var taken: Set<UInt8> {
            Set(leases.values.compactMap { if case .stale = $0.standing { nil } else { $0.octet } })
        }
    }

    /// Every lease now, read without the lock and changing nothing. A store that is not there is empty.
    /// - Throws: `.permission` when the directory cannot be listed.
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

    /// Takes this subnet. Taking what the owner holds already is allowed and changes nothing; a stale lease makes way.
    /// - Throws: `.taken` naming the holder; `.outOfRange`; `.locked`; `.permission`.
    package func take(_ subnet: IPv4Subnet, for owner: LeaseOwner) async throws {
        guard subnet.isLeased else {
            throw ClaimError(
                .outOfRange, "subnet \(subnet) is not one of those that are leased, 192.168.200.0/24 to 192.168.255.0/24")
        }
        try await locked { try take(octet: subnet.base.octets[2], for: owner) }
    }

    /// Gives up subnets of this owner: those named, or all it has. What others hold is left alone.
    /// - Returns: those given up, in ascending order.
    @discardableResult
    package func release(_ subnets: [IPv4Subnet]? = nil, of owner: LeaseOwner) async throws -> [IPv4Subnet] {
        guard SystemCall.exists(directory) else { return [] }
        // Nobody else takes a lease for this owner, so that where there is none the lock, which needs rights, is not needed either.
        func isOwners(_ octet: UInt8) -> Bool { Lease.read(file(octet), octet: octet)?.owner?.uuid == owner.uuid }
        guard try octetsOnFile().contains(where: isOwners) else { return [] }
        return try await locked {
            var freed: [IPv4Subnet] = []
            for octet in try octetsOnFile() where subnets?.contains(IPv4Subnet(leasedThirdOctet: octet)) ?? true {
                // The prefix may have lost its uuid file already, or have been reached by another path: the uuid says whose a lease is.
                guard let lease = Lease.read(file(octet), octet: octet), lease.owner?.uuid == owner.uuid else { continue }
                try SystemCall.check("remove \(lease.file)") { unlink(lease.file) }
                freed.append(lease.subnet)
            }
            return freed.sorted { $0.base < $1.base }
        }
    }

    /// Where the lease of this third octet is kept.
    package func file(_ octet: UInt8) -> String { "\(directory)/\(octet).lease" }

    private func take(octet: UInt8, for owner: LeaseOwner) throws {
        switch Lease.read(file(octet), octet: octet)?.standing {
        case .held(owner): return
        case .held(let other):
            let range = IPv4Subnet(leasedThirdOctet: octet)
            throw ClaimError(
                .taken,
                "The subnet \(range) is already taken by \(other.uuidPath). Choose another gw, leave gw out to get a free subnet,"
                    + " or destroy that environment")
        case .unreadable(let why): throw ClaimError(.taken, "The subnet \(IPv4Subnet(leasedThirdOctet: octet)) counts as taken: \(why)")
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
                error, "cannot read the subnet leases in \(directory): \(error); \(Self.advice)")
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
            throw ClaimError(error.code, "the subnet leases cannot be kept in \(directory), which cannot be made; \(Self.advice)")
        } catch let error as PlatformError {
            switch error.code {
            case .locked:
                throw ClaimError(
                    .locked,
                    "\(error.message): no answer within \(patience). Either another process is leasing subnets right now, or it hangs"
                        + " (see who with: fuser -v \(directory)/subnet-lease.lock), or the lock file cannot be used by you")
            case .cancelled: throw ClaimError(.cancelled, error.message)
            case .permission: throw ClaimError(.permission, "\(error.message); \(Self.advice)")
            default: throw ClaimError(.io, error.message)
            }
        }
    }

    private static let advice =
        "the directory must be writable for your group (run scripts/setup, or join its group), or name another with --lease_dir"
}
