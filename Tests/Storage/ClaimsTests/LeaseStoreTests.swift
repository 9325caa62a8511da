import AtollCommands
import AtollClaims
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

/// A private lease store and its prefixes.
final class LeaseBench: Sendable {
    let space: Workspace
    let store: LeaseStore

    init() throws {
        space = try Workspace("leases")
        // A busy machine must not fail a test that is not about waiting.
        store = LeaseStore(directory: space.path + "/subnets", patience: .seconds(60))
    }

    /// A prefix with a uuid file.
    func prefix(_ name: String, uuid: String? = nil) throws -> LeaseOwner {
        let uuid = uuid ?? UUID().uuidString.lowercased()
        return LeaseOwner(uuidPath: try space.write("\(name)/uuid", uuid), uuid: uuid)
    }

    var files: [String] { ((try? Directories.list(store.directory)) ?? []).filter { $0.hasSuffix(".lease") } }
}

extension LeaseStore {
    /// Takes free subnets one by one, as environments do, until `count` are the owner's.
    func takeLowest(_ count: Int = 1, for owner: LeaseOwner) async throws -> [IPv4Subnet] {
        var done: [IPv4Subnet] = []
        let taken = try snapshot().taken
        for octet in IPv4Subnet.leasedRange where done.count < count && !taken.contains(octet) {
            do {
                try await take(IPv4Subnet(leasedThirdOctet: octet), for: owner)
                done.append(IPv4Subnet(leasedThirdOctet: octet))
            } catch let error as ClaimError where error.code == .taken { continue }
        }
        return done
    }
}

@Suite struct LeaseStoreTests {
    /// As created by scripts/setup: users outside the group can list the leases.
    @Test func aNewStoreIsWorldReadable() async throws {
        let bench = try LeaseBench()
        _ = try await bench.store.takeLowest(for: try bench.prefix("a"))
        #expect(try #require(SystemCall.status(bench.store.directory)).st_mode & 0o7777 == 0o2775)
    }

    @Test func theLeaseFileHasLagosFormat() async throws {
        let bench = try LeaseBench()
        let owner = try bench.prefix("w/.lago/default", uuid: "fe689d3c39d011e5b22b54ee755a00ca")
        try await bench.store.take(IPv4Subnet(leasedThirdOctet: 200), for: owner)
        #expect(bench.files == ["200.lease"])
        let text = try AtomicFile.text(bench.store.file(200))
        #expect(text == "[\"\(owner.uuidPath)\",\"\(owner.uuid)\"]")
        // As Python writes it.
        try AtomicFile.write("[\"\(owner.uuidPath)\", \"\(owner.uuid)\"]", to: bench.store.file(201))
        #expect(try bench.store.snapshot().leases[201]?.holder == owner)
        #expect(SystemCall.exists(bench.store.directory + "/subnet-lease.lock"))
    }

    @Test func anOwnerMayTakeItsSubnetAgain() async throws {
        let bench = try LeaseBench()
        let (a, b) = (try bench.prefix("a"), try bench.prefix("b"))
        #expect(try await bench.store.takeLowest(for: a).map(\.description) == ["192.168.200.0/24"])
        #expect(try await bench.store.takeLowest(2, for: b).map(\.description) == ["192.168.201.0/24", "192.168.202.0/24"])
        try await bench.store.take(IPv4Subnet(leasedThirdOctet: 200), for: a)
        let error = await #expect(throws: ClaimError.self) { try await bench.store.take(IPv4Subnet(leasedThirdOctet: 200), for: b) }
        #expect(error?.code == .taken)
        #expect(error?.message.contains("subnet 192.168.200.0/24 is already leased by '\(a.uuidPath)'") == true)
    }

    @Test(arguments: ["127.0.0.1", "10.10.10.0", "192.168.199.0"]) func outOfRangeIsRefused(_ text: String) async throws {
        let bench = try LeaseBench()
        let subnet = IPv4Subnet(containing: try #require(IPv4Address(text)))
        let owner = try bench.prefix("a")
        #expect(await #expect(throws: ClaimError.self) { try await bench.store.take(subnet, for: owner) }?.code == .outOfRange)
    }

    @Test func everySubnetCanBeTakenAndReleasedInBulk() async throws {
        let bench = try LeaseBench()
        let (a, b) = (try bench.prefix("a"), try bench.prefix("b"))
        #expect(try await bench.store.takeLowest(55, for: a).count == 55)
        #expect(try await bench.store.takeLowest(for: b) == [IPv4Subnet(leasedThirdOctet: 255)])
        #expect(try bench.store.snapshot().taken.count == 56)
        #expect(try await bench.store.release(of: a).count == 55)
        #expect(bench.files == ["255.lease"])
    }

    @Test func staleLeasesAreReplaced() async throws {
        let bench = try LeaseBench()
        let (gone, changed, alive) = (try bench.prefix("gone"), try bench.prefix("changed"), try bench.prefix("alive"))
        for (octet, owner) in zip(UInt8(200)..., [gone, changed, alive]) {
            try await bench.store.take(IPv4Subnet(leasedThirdOctet: octet), for: owner)
        }
        try Directories.removeTree(bench.space.path + "/gone")
        try bench.space.write("changed/uuid", "another")
        // A snapshot changes nothing.
        #expect(try bench.store.snapshot().taken == [202])
        #expect(bench.files.count == 3)
        let fresh = try bench.prefix("fresh")
        #expect(try await bench.store.takeLowest(for: fresh) == [IPv4Subnet(leasedThirdOctet: 200)])
        #expect(bench.files.count == 3)
        #expect(try bench.store.snapshot().leases[200]?.holder == fresh)
    }

    @Test func anInvalidLeaseCountsAsTakenAndIsKept() async throws {
        let bench = try LeaseBench()
        let owner = try bench.prefix("a")
        try bench.space.write("subnets/200.lease", "{\"broken\": ")
        try bench.space.write("subnets/notes.lease", "not one of ours")
        #expect(try await bench.store.takeLowest(for: owner) == [IPv4Subnet(leasedThirdOctet: 201)])
        #expect(
            await #expect(throws: ClaimError.self) { try await bench.store.take(IPv4Subnet(leasedThirdOctet: 200), for: owner) }?.code
                == .taken)
        #expect(try bench.store.snapshot().warnings.count == 1)
        #expect(bench.files == ["200.lease", "201.lease", "notes.lease"])
    }

    @Test func onlyTheOwnersLeasesAreReleased() async throws {
        let bench = try LeaseBench()
        let (a, b) = (try bench.prefix("a"), try bench.prefix("b"))
        _ = try await bench.store.takeLowest(2, for: a)
        _ = try await bench.store.takeLowest(1, for: b)
        #expect(try await bench.store.release([IPv4Subnet(leasedThirdOctet: 202)], of: a) == [])
        // Destroy removes the prefix first: its leases are still its own.
        try Directories.removeTree(bench.space.path + "/a")
        #expect(try await bench.store.release(of: a).map(\.base.octets[2]) == [200, 201])
        #expect(bench.files == ["202.lease"])
    }

    @Test func aLockedStoreReportsTheHolderAndOtherCauses() async throws {
        let bench = try LeaseBench()
        var store = bench.store
        store.patience = .milliseconds(60)
        let owner = try bench.prefix("a")
        try Directories.make(store.directory)
        let lock = try #require(try FileLock.attempt(store.directory + "/subnet-lease.lock", note: "pid 4711 init"))
        let patient = store
        let error = await #expect(throws: ClaimError.self) { try await patient.takeLowest(for: owner) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("pid 4711 init") == true && error?.message.contains("you lack permission") == true)
        lock.release()
        #expect(try await store.takeLowest(for: owner).count == 1)
    }

    @Test func aStoreThatCannotBeCreatedIsReportedWithAHint() async throws {
        let bench = try LeaseBench()
        let blocked = LeaseStore(directory: try bench.space.write("file", "") + "/subnets")
        let owner = try bench.prefix("a")
        let error = await #expect(throws: ClaimError.self) { try await blocked.takeLowest(for: owner) }
        #expect(error?.message.contains("/file/subnets") == true)
        let unlistable = LeaseStore(directory: bench.space.path + "/file")
        let listing = #expect(throws: ClaimError.self) { try unlistable.snapshot() }
        #expect(listing?.message.contains("Not a directory") == true && listing?.message.contains("--lease-dir") == true)
    }

    @Test(arguments: UInt64(1)...12) func randomOperationsNeverShareASubnet(_ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let bench = try LeaseBench()
        var held: [LeaseOwner: Set<UInt8>] = [:]
        var owners = try (0..<4).map { try bench.prefix("p\($0)") }
        for step in 0..<40 {
            let owner = try #require(owners.randomElement(using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let subnets = try await bench.store.takeLowest(Int.random(in: 1...3, using: &generator), for: owner)
                held[owner, default: []].formUnion(subnets.map(\.base.octets[2]))
            case 1:
                let octet = UInt8.random(in: 200...215, using: &generator)
                let free = !held.values.contains { $0.contains(octet) } || held[owner]?.contains(octet) == true
                do {
                    try await bench.store.take(IPv4Subnet(leasedThirdOctet: octet), for: owner)
                    #expect(free, "seed \(seed) step \(step)")
                    held[owner, default: []].insert(octet)
                } catch { #expect(!free, "seed \(seed) step \(step): \(error)") }
            case 2:
                let freed = try await bench.store.release(of: owner)
                #expect(Set(freed.map(\.base.octets[2])) == held[owner] ?? [], "seed \(seed) step \(step)")
                held[owner] = nil
            default:
                // A prefix vanishes without releasing and another takes its path: the old leases are stale.
                held[owner] = nil
                owners.removeAll { $0 == owner }
                owners.append(try bench.prefix(String(try #require(owner.uuidPath.split(separator: "/").dropLast().last))))
            }
            #expect(try bench.store.snapshot().taken == held.values.reduce(into: Set()) { $0.formUnion($1) }, "seed \(seed) step \(step)")
        }
    }

    @Test func concurrentOwnersNeverShareASubnet() async throws {
        let bench = try LeaseBench()
        let taken = try await withThrowingTaskGroup(of: [IPv4Subnet].self) { group in
            for index in 0..<6 {
                let owner = try bench.prefix("p\(index)")
                // A store value of its own: its lock is another open file, as in another process.
                let store = LeaseStore(directory: bench.store.directory, patience: .seconds(60))
                group.addTask { try await store.takeLowest(2, for: owner) + store.takeLowest(2, for: owner) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(taken).count == 24)
        #expect(bench.files.count == 24)
    }

    @Test func releasingNothingNeedsNoLock() async throws {
        let bench = try LeaseBench()
        let (owner, other) = (try bench.prefix("a"), try bench.prefix("b"))
        _ = try await bench.store.takeLowest(for: other)
        // A lock that cannot be opened, as in another user's directory.
        let lock = bench.store.directory + "/subnet-lease.lock"
        try Directories.removeTree(lock)
        try SymbolicLink.make(lock, to: "/nonexistent/lock")
        #expect(try await bench.store.release(of: owner) == [])
        await #expect(throws: ClaimError.self) { try await bench.store.release(of: other) }
    }

    @Test func theLockOfAnotherProcessIsRespected() async throws {
        let bench = try LeaseBench()
        let owner = try bench.prefix("a")
        try Directories.make(bench.store.directory)
        let lockFile = bench.store.directory + "/subnet-lease.lock"
        let lease = bench.store.file(200)
        let other = try bench.prefix("other")
        // Takes 200 under Lago's lock, and only when the test says so.
        let line = "[\"\(other.uuidPath)\", \"\(other.uuid)\"]"
        let (begun, go) = (bench.space.path + "/begun", bench.space.path + "/go")
        let script = try bench.space.write(
            "hold", "touch '\(begun)'\nwhile [ ! -e '\(go)' ]; do :; done\nprintf '%s' '\(line)' > '\(lease)'\n")
        let holder = Task { try await Tool.run("flock", [lockFile, "dash", "-e", script]) }
        #expect(await eventually { SystemCall.exists(begun) })
        async let taken = bench.store.takeLowest(for: owner)
        try bench.space.write("go", "")
        #expect(try await taken == [IPv4Subnet(leasedThirdOctet: 201)])
        _ = try await holder.value
    }
}
