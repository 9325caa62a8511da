import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@testable import AtollClaims

/// A private queue with a small budget.
final class CapacityBench: Sendable {
    let space: Workspace
    let claims: CapacityClaims

    init(memoryMiB: Int = 4096, cpus: Int = 4, disk: Int64 = 100 << 30, subnets: Int = 10, free: Bool = false) throws {
        space = try Workspace("capacity")
        let budget = CapacityBudget(memoryMiB: memoryMiB, cpus: cpus, diskBytes: disk, subnets: subnets, diskIsWhatIsFree: free)
        claims = CapacityClaims(
            directory: space.path + "/capacity", budget: { budget }, poll: (.milliseconds(2), .milliseconds(4)))
    }

    /// Writes the ticket of a dead process.
    func leave(_ number: Int, _ wants: CapacityRequest, _ state: CapacityClaim.State = .granted) throws {
        try Directories.make(claims.directory)
        let claim = CapacityClaim(number: number, pid: 4711, state: state, since: Date(), wants: wants)
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        try AtomicFile.write(try encoder.encode(claim), to: claims.directory + "/000000000\(number).ticket")
    }

    /// Creates a holder directory.
    func holder(_ name: String) throws -> String {
        let path = space.path + "/" + name
        try Directories.make(path)
        return path
    }

    var files: [String] { ((try? Directories.list(claims.directory)) ?? []).filter { $0 != "capacity.lock" } }

    func queue(_ purposes: [String]) async -> Bool {
        (try? await eventually { try claims.list().map(\.wants.purpose) == purposes }) ?? false
    }
}

/// Recorded wait messages of a claim.
final class Told: Sendable {
    private let said = Mutex<[String]>([])
    var all: [String] { said.withLock { $0 } }
    func note(_ sentence: String) { said.withLock { $0.append(sentence) } }
}

/// Current and maximum count.
final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0, rises: 0))
    var most: Int { state.withLock { $0.most } }
    var rises: Int { state.withLock { $0.rises } }

    func change(by step: Int) {
        state.withLock { state in
            state.now += step
            state.most = max(state.most, state.now)
            state.rises += max(0, step)
        }
    }
}

func run(
    _ name: String, memory: Int = 0, cpus: Int = 0, disk: Int64 = 0, subnets: Int = 0, holder: String? = nil
) -> CapacityRequest {
    CapacityRequest(memoryMiB: memory, cpus: cpus, diskBytes: disk, subnets: subnets, purpose: name, holder: holder)
}

@Suite struct CapacityClaimsTests {
    @Test func aFittingRequestIsGrantedAtOnceAndReleased() async throws {
        let bench = try CapacityBench()
        let told = Told()
        let a = try await bench.claims.acquire(run("a", memory: 3072, cpus: 2, subnets: 1)) { told.note($0) }
        let b = try await bench.claims.acquire(run("b", memory: 1024, cpus: 2, subnets: 9))
        #expect(told.all == [])
        let listed = try bench.claims.list()
        #expect(
            listed
                == [a.claim, b.claim].map {
                    var claim = $0; claim.since = Date(timeIntervalSince1970: $0.since.timeIntervalSince1970.rounded(.down)); return claim
                })
        #expect(listed.map(\.state) == [.granted, .granted] && listed[0].pid == getpid())
        a.release()
        a.release()
        #expect(try bench.claims.list().map(\.wants.purpose) == ["b"])
        b.release()
        #expect(bench.files == [])
    }

    @Test func aDeallocatedGrantIsReleased() async throws {
        let bench = try CapacityBench()
        do {
            let grant = try await bench.claims.acquire(run("a", memory: 4096))
            #expect(bench.files == ["0000000001.ticket"])
            withExtendedLifetime(grant) {}
        }
        #expect(bench.files == [])
    }

    @Test func theWaitMessageFollowsChanges() async throws {
        let bench = try CapacityBench()
        let foo = try await bench.claims.acquire(run("foo", memory: 2048, cpus: 3))
        let bar = try await bench.claims.acquire(run("bar", memory: 1024, cpus: 1))
        let (second, third) = (Told(), Told())
        let waiter = Task { try await bench.claims.acquire(run("baz", memory: 2048, cpus: 2)) { second.note($0) } }
        #expect(await bench.queue(["foo", "bar", "baz"]))
        let last = Task { try await bench.claims.acquire(run("small", memory: 1024)) { third.note($0) } }
        #expect(await bench.queue(["foo", "bar", "baz", "small"]))
        #expect(await eventually { third.all.count == 1 && second.all.count == 1 })
        #expect(second.all == ["waiting for 2 GiB of memory: 3 of 4 GiB are held by 2 runs (foo, bar); for 2 CPUs: 4 of 4 are held"])
        // It would fit, but claims are served in order.
        #expect(third.all == ["waiting for its turn; 1 before you (baz)"])
        foo.release()
        let baz = try await waiter.value
        let small = try await last.value
        #expect(baz.claim.number < small.claim.number)
        for grant in [bar, baz, small] { grant.release() }
        #expect(bench.files == [])
    }

    @Test func aSmallRequestWaitsBehindALargeOne() async throws {
        let bench = try CapacityBench(memoryMiB: 4096)
        let held = try await bench.claims.acquire(run("held", memory: 3072))
        let large = Task { try await bench.claims.acquire(run("large", memory: 4096)) }
        #expect(await bench.queue(["held", "large"]))
        let told = Told()
        let small = Task { try await bench.claims.acquire(run("small", memory: 2048)) { told.note($0) } }
        #expect(await bench.queue(["held", "large", "small"]))
        #expect(await eventually { !told.all.isEmpty })
        #expect(told.all.first == "waiting for 2 GiB of memory: 3 of 4 GiB are held by 1 run (held); 1 before you")
        held.release()
        let first = try await large.value
        #expect(try bench.claims.list().map(\.state) == [.granted, .waiting])
        first.release()
        try await small.value.release()
    }

    @Test func aRequestBeyondTheBudgetIsRefusedAtOnce() async throws {
        let bench = try CapacityBench()
        let error = await #expect(throws: ClaimError.self) {
            _ = try await bench.claims.acquire(run("huge", memory: 8192, cpus: 4, subnets: 11))
        }
        #expect(error?.code == .outOfRange)
        #expect(
            error?.message
                == "'huge' requires 8 GiB of memory, but the host has 4 GiB of memory for runs; 11 subnets, but the host has 10 for runs;"
                + " request less or add capacity")
        #expect(bench.files == [])
    }

    @Test func diskSpaceHeldByRunsIsWaitedFor() async throws {
        let bench = try CapacityBench(disk: 4 << 30, free: true)
        let held = try await bench.claims.acquire(run("held", disk: 3 << 30))
        let told = Told()
        let waiter = Task { try await bench.claims.acquire(run("next", disk: 2 << 30)) { told.note($0) } }
        #expect(await eventually { !told.all.isEmpty })
        #expect(told.all.first == "waiting for 2 GiB of disk: 4 GiB is free, 3 GiB are held by 1 run (held)")
        held.release()
        try await waiter.value.release()
        let error = await #expect(throws: ClaimError.self) { _ = try await bench.claims.acquire(run("huge", disk: 5 << 30)) }
        #expect(error?.code == .outOfRange)
    }

    @Test func timeoutAndCancellationLeaveTheQueue() async throws {
        let bench = try CapacityBench()
        let held = try await bench.claims.acquire(run("held", memory: 4096))
        let error = await #expect(throws: ClaimError.self) {
            _ = try await bench.claims.acquire(run("impatient", memory: 1024), patience: .milliseconds(20))
        }
        #expect(error?.code == .taken && error?.message.contains("4 of 4 GiB are held by 1 run (held)") == true)
        let task = Task { try await bench.claims.acquire(run("cancelled", memory: 1024)) }
        #expect(await bench.queue(["held", "cancelled"]))
        task.cancel()
        let interrupted = await #expect(throws: ClaimError.self) { _ = try await task.value }
        #expect(interrupted?.code == .cancelled)
        #expect(bench.files.count == 1)
        held.release()
    }

    @Test func theShareOfADeadProcessIsFreed() async throws {
        let bench = try CapacityBench()
        try bench.leave(7, run("other", memory: 4096))
        let ticket = bench.claims.directory + "/0000000007.ticket"
        let (begun, end) = (bench.space.path + "/begun", bench.space.path + "/end")
        let script = try bench.space.write("hold", "touch '\(begun)'\nwhile [ ! -e '\(end)' ]; do :; done\nkill -9 $PPID $$\n")
        let holder = Task { try await Tool.output("flock", [ticket, "dash", script]) }
        #expect(await eventually { SystemCall.exists(begun) })
        let told = Told()
        let waiter = Task { try await bench.claims.acquire(run("mine", memory: 1024)) { told.note($0) } }
        #expect(await eventually { !told.all.isEmpty })
        #expect(told.all == ["waiting for 1 GiB of memory: 4 of 4 GiB are held by 1 run (other)"])
        #expect(try bench.claims.list().map(\.pid) == [4711, getpid()])
        try bench.space.write("end", "")
        let grant = try await waiter.value
        #expect(grant.claim.number == 8)
        #expect(bench.files == ["0000000008.ticket"])
        _ = try await holder.value
        grant.release()
    }

    @Test func anOrphanedClaimHoldsItsShareWhileItsHolderExists() async throws {
        let bench = try CapacityBench()
        let holder = try bench.holder("dead")
        try bench.leave(3, run("dead", memory: 3072, holder: holder))
        #expect(try bench.claims.list().map(\.state) == [.leftBehind])
        #expect(try await bench.claims.sweep() == 0)
        let live = try await bench.claims.acquire(run("live", memory: 512))
        let told = Told()
        let waiter = Task { try await bench.claims.acquire(run("mine", memory: 2048)) { told.note($0) } }
        #expect(await eventually { !told.all.isEmpty })
        #expect(
            told.all == [
                "waiting for 2 GiB of memory: 3.5 of 4 GiB are held by 2 runs (dead, live); held without a process "
                    + "(killed or kept): dead; free with: atoll gc dead"
            ])
        try Directories.removeTree(holder)
        let grant = try await waiter.value
        #expect(bench.files == ["0000000004.ticket", "0000000005.ticket"])
        for grant in [live, grant] { grant.release() }
    }

    @Test func aClaimWithoutHolderIsDeadAtOnce() async throws {
        let bench = try CapacityBench()
        // Killed between the grant and the making of its directory; and while it waited, beside a directory of that name.
        try bench.leave(1, run("early", memory: 4096, holder: bench.space.path + "/none"))
        try bench.leave(2, run("waited", memory: 4096, holder: try bench.holder("waited")), .waiting)
        #expect(try bench.claims.list() == [])
        #expect(try await bench.claims.sweep() == 2)
        #expect(bench.files == [])
    }

    @Test func aGrantCanBeLeftToItsHolder() async throws {
        let bench = try CapacityBench()
        let (kept, broken) = (try bench.holder("kept"), try bench.holder("broken"))
        let grant = try await bench.claims.acquire(run("kept", memory: 1024, holder: kept))
        grant.leave()
        grant.release()
        do {
            // Left because its VM could not be removed.
            let lost = try await bench.claims.acquire(run("broken", memory: 1024, holder: broken))
            withExtendedLifetime(lost) {}
        }
        #expect(try bench.claims.list().map(\.state) == [.leftBehind, .leftBehind])
        #expect(try bench.claims.list().map(\.wants.purpose) == ["kept", "broken"])
        let told = Told()
        let error = await #expect(throws: ClaimError.self) {
            _ = try await bench.claims.acquire(run("next", memory: 4096), patience: .milliseconds(20)) { told.note($0) }
        }
        // Orphaned claims delay the request but never refuse it.
        #expect(error?.code == .taken)
        #expect(
            told.all.first?.contains("held without a process (killed or kept): kept, broken; free with: atoll gc kept broken")
                == true)
        for holder in [kept, broken] { try Directories.removeTree(holder) }
        #expect(try await bench.claims.sweep() == 2)
        #expect(bench.files == [])
    }

    @Test func diskSpaceOfOrphanedClaimsIsWaitedFor() async throws {
        let bench = try CapacityBench(disk: 2 << 30, free: true)
        let holder = try bench.holder("dead")
        try bench.leave(1, run("dead", disk: 2 << 30, holder: holder))
        let told = Told()
        let waiter = Task { try await bench.claims.acquire(run("next", disk: 2 << 30)) { told.note($0) } }
        #expect(await eventually { !told.all.isEmpty })
        #expect(
            told.all.first?.hasSuffix("held by 1 run (dead); held without a process (killed or kept): dead; free with: atoll gc dead")
                == true)
        try Directories.removeTree(holder)
        try await waiter.value.release()
    }

    @Test func aTicketOfAnEarlierVersionNamesNoHolder() throws {
        let text =
            #"{"number":1,"pid":2,"since":"2026-01-01T00:00:00Z","state":"granted","wants":{"cpus":1,"diskBytes":0,"memoryMiB":1,"purpose":"r","subnets":1}}"#
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        #expect(try decoder.decode(CapacityClaim.self, from: Data(text.utf8)).wants.holder == nil)
    }

    @Test func deadClaimsAreSweptAndUnknownFilesKept() async throws {
        let bench = try CapacityBench()
        #expect(try await bench.claims.sweep() == 0)
        try bench.space.write("capacity/0000000003.ticket", "{}")
        try bench.space.write("capacity/1.2.ticket.new", "")
        try bench.space.write("capacity/notes", "mine")
        #expect(try await bench.claims.sweep() == 2)
        #expect(bench.files == ["notes"])
        // Locked, of another version: its contents are unknown, but its number stays in use.
        let strange = try bench.space.write("capacity/0000000005.ticket", "{\"version\": 9}")
        let lock = try #require(try FileLock.attempt(strange, note: "{\"version\": 9}"))
        let grant = try await bench.claims.acquire(run("a", memory: 4096))
        #expect(grant.claim.number == 6)
        #expect(try bench.claims.list().map(\.number) == [6])
        lock.release()
    }

    @Test func concurrentGrantsNeverExceedTheBudget() async throws {
        let bench = try CapacityBench(memoryMiB: 3072, cpus: 100)
        let running = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<12 {
                // A value of its own: its locks are other open files, as in another process.
                let claims = CapacityClaims(directory: bench.claims.directory, budget: bench.claims.budget, poll: bench.claims.poll)
                group.addTask {
                    let grant = try await claims.acquire(run("r\(index)", memory: 1024, cpus: 1))
                    running.change(by: 1)
                    for _ in 0..<20 { await Task.yield() }
                    running.change(by: -1)
                    grant.release()
                }
            }
            try await group.waitForAll()
        }
        #expect(running.most <= 3 && running.rises == 12)
        #expect(bench.files == [])
    }

    @Test func theAutomaticBudgetIsPlausible() throws {
        let space = try Workspace("capacity")
        let budget = CapacityBudget.automatic(root: StateRoot(path: space.path + "/state"))
        let machine = try #require(Capacity.current())
        #expect(budget.memoryMiB > 0 && Int64(budget.memoryMiB) << 20 < machine.totalMemory)
        #expect(budget.cpus == 2 * machine.processors && budget.subnets == 56 && budget.diskBytes > 0)
    }
}
