import AtollPlatform
import Foundation
import Glibc
import Synchronization

extension StateRoot {
    /// Directory of the capacity queue.
    package var capacity: String { path + "/capacity" }
}

/// The queue for host capacity, shared by all processes: one locked file per claim.
///
/// First come, first served: no claim overtakes another, even if it would fit. The kernel drops the lock of a process
/// that dies, so its place in the queue and its share are free at once, unless the request named a holder path that
/// still exists; then the share is free when that path is gone.
package struct CapacityClaims: Sendable {
    package let directory: String
    /// The budget, read at each decision because free space changes.
    package let budget: @Sendable () -> CapacityBudget
    /// Polling interval: at first, and later.
    package var poll: (first: Duration, later: Duration)

    package init(
        directory: String, budget: @escaping @Sendable () -> CapacityBudget,
        poll: (first: Duration, later: Duration) = (.milliseconds(100), .milliseconds(500))
    ) {
        self.directory = directory
        self.budget = budget
        self.poll = poll
    }

    /// The queue of a state root, with this host's budget.
    package init(root: StateRoot) { self.init(directory: root.capacity, budget: { CapacityBudget.automatic(root: root) }) }

    /// Waits in the queue until the request fits beside all granted claims.
    /// - Parameter waiting: called with the reason of the wait, and again whenever it changes:
    ///   `waiting for 1 GiB of memory: 3 of 4 GiB are held by 2 runs (foo, bar); held without a process (killed or kept): bar;
    ///   free with: atoll gc bar; 1 before you`.
    /// - Parameter reclaim: called with the names of blocking claims whose processes are gone; may clean up after them.
    ///   Called again when the names change, and every ten seconds.
    /// - Throws: `.outOfRange` at once if the request exceeds the budget; `.taken` on timeout; `.cancelled` with the task; `.permission`.
    package func acquire(
        _ request: CapacityRequest, patience: Duration = .seconds(24 * 3600), waiting: @Sendable (String) -> Void = { _ in },
        reclaim: (@Sendable ([String]) async -> Void)? = nil
    ) async throws -> CapacityGrant {
        let start = ContinuousClock.now
        let ticket = try await explained { try await join(request) }
        do {
            var last = ""
            var pause = poll.first
            var reclaimed: (left: Set<String>, at: ContinuousClock.Instant) = ([], start)
            while let (sentence, left) = try await explained({ try await decide(ticket) }) {
                if let reclaim, !left.isEmpty, !reclaimed.left.isSuperset(of: left) || .now - reclaimed.at > .seconds(10) {
                    reclaimed = (Set(left), .now)
                    await reclaim(left)
                    continue
                }
                if sentence != last { waiting(sentence) }
                last = sentence
                guard ContinuousClock.now - start < patience else {
                    throw ClaimError(.taken, "timed out after \(patience) \(sentence)")
                }
                do { try await Task.sleep(for: min(pause, patience - (ContinuousClock.now - start))) } catch {
                    throw ClaimError(.cancelled, "interrupted while \(sentence)")
                }
                pause = min(poll.later, pause * 5 / 4)
            }
            return CapacityGrant(ticket, waited: ContinuousClock.now - start)
        } catch {
            ticket.withdraw()
            throw error
        }
    }

    /// All granted, waiting and orphaned claims, in order. Reads only; a missing queue is empty.
    package func list() throws -> [CapacityClaim] {
        try names().compactMap { name in
            switch CapacityTicket.look(at: directory + "/" + name) {
            case .alive(let claim), .leftBehind(let claim): claim
            default: nil
            }
        }
    }

    /// Removes the files of dead claims. Optional: the queue ignores them.
    /// - Returns: number of files removed.
    @discardableResult
    package func sweep() async throws -> Int {
        guard SystemCall.exists(directory) else { return 0 }
        return try await explained { try await locked { try survey().swept } }
    }

    private func join(_ request: CapacityRequest) async throws -> CapacityTicket {
        try Task.checkCancellation()
        try StateRoot.makeShared(directory)
        return try await locked {
            let survey = try survey()
            try refuse(request, beyond: survey.held(except: -1).map(\.wants))
            let claim = CapacityClaim(
                number: survey.lastNumber + 1, pid: getpid(), state: .waiting, since: Date(), wants: request)
            return try CapacityTicket.draw(claim, in: directory)
        }
    }

    /// nil if the ticket is granted now, else the reason of the wait and the orphaned claims among the blocking ones.
    private func decide(_ ticket: CapacityTicket) async throws -> (sentence: String, left: [String])? {
        try await locked {
            let survey = try survey()
            let claim = ticket.claim
            let held = survey.held(except: claim.number)
            try refuse(claim.wants, beyond: held.map(\.wants))
            let before = survey.claims.filter { $0.state == .waiting && $0.number < claim.number }
            let lacking = CapacityResource.all(claim.wants, held: held.map(\.wants), budget: budget()).filter { !$0.fits }
            guard before.isEmpty, lacking.isEmpty else {
                let left = lacking.isEmpty ? [] : held.filter { $0.state == .leftBehind }.map(\.wants.purpose)
                return (Self.sentence(lacking, held: held, before: before), left)
            }
            try ticket.grant()
            return nil
        }
    }

    private func refuse(_ request: CapacityRequest, beyond held: [CapacityRequest]) throws {
        let impossible = CapacityResource.all(request, held: held, budget: budget()).filter { $0.wanted > $0.ceiling && $0.wanted > 0 }
        guard !impossible.isEmpty else { return }
        let parts = impossible.map {
            "\($0.amount($0.wanted)), but the host has \($0.isBytes ? $0.amount($0.ceiling) : "\($0.ceiling)") for runs"
        }
        throw ClaimError(
            .outOfRange, "'\(request.purpose)' requires \(parts.joined(separator: "; ")); request less or add capacity")
    }

    static func sentence(_ lacking: [CapacityResource], held: [CapacityClaim], before: [CapacityClaim]) -> String {
        var parts: [String] = []
        for resource in lacking {
            var part = "\(parts.isEmpty ? "waiting for" : "for") \(resource.amount(resource.wanted)): \(resource.share)"
            if parts.isEmpty, !held.isEmpty {
                part += " by \(held.count == 1 ? "1 run" : "\(held.count) runs") (\(names(held.map(\.wants.purpose))))"
            }
            parts.append(part)
        }
        // Kept VMs free their share only when they expire.
        let left = held.filter { $0.state == .leftBehind }.map(\.wants.purpose)
        if !lacking.isEmpty, !left.isEmpty {
            parts.append(
                "held without a process (killed or kept): \(names(left)); free with: atoll gc \(left.prefix(4).joined(separator: " "))")
        }
        if parts.isEmpty { parts.append("waiting for its turn") }
        if !before.isEmpty {
            parts.append("\(before.count) before you" + (lacking.isEmpty ? " (\(names(before.map(\.wants.purpose))))" : ""))
        }
        return parts.joined(separator: "; ")
    }

    private static func names(_ all: [String]) -> String {
        all.prefix(4).joined(separator: ", ") + (all.count > 4 ? " and \(all.count - 4) more" : "")
    }

    private struct Survey: Sendable {
        /// Sorted by number.
        var claims: [CapacityClaim] = []
        var swept = 0
        /// The highest number in use, from the file names.
        var lastNumber = 0

        func held(except number: Int) -> [CapacityClaim] { claims.filter { $0.state != .waiting && $0.number != number } }
    }

    /// Reads the queue. Requires the lock: no process joins meanwhile, so an unlocked file is dead or orphaned.
    private func survey() throws -> Survey {
        var survey = Survey()
        for name in try names(unfinished: true) {
            let path = directory + "/" + name
            switch CapacityTicket.look(at: path) {
            case .alive(let claim), .leftBehind(let claim): survey.claims.append(claim)
            case .dead:
                if unlink(path) == 0 { survey.swept += 1 }
                continue
            // Possibly of a newer version: its contents are unknown, but its number is in use.
            case .unreadable, nil: break
            }
            survey.lastNumber = max(survey.lastNumber, Int(name.prefix { $0.isNumber }) ?? 0)
        }
        survey.claims.sort { $0.number < $1.number }
        return survey
    }

    private func names(unfinished: Bool = false) throws -> [String] {
        try Directories.list(directory).filter {
            $0.hasSuffix(CapacityTicket.suffix) || (unfinished && $0.hasSuffix(CapacityTicket.unfinished))
        }
    }

    private func locked<T: Sendable>(_ body: () throws -> T) async throws -> T {
        let lock = try await FileLock.acquire(directory + "/capacity.lock", note: "pid \(getpid())", patience: .seconds(60))
        defer { lock.release() }
        return try body()
    }

    private func explained<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch is CancellationError {
            throw ClaimError(.cancelled, "interrupted while waiting for the lock of the capacity queue")
        } catch let error as PlatformError {
            switch error.code {
            case .cancelled: throw ClaimError(.cancelled, error.message)
            case .locked: throw ClaimError(.locked, "\(error.message)\nhint: fuser -v \(directory)/capacity.lock")
            case .permission:
                throw ClaimError(
                    .permission,
                    "\(error.message)\nhint: make '\(directory)' writable: join group libvirt, run scripts/setup, or set"
                        + " ATOLL_STATE to a directory of your own")
            default: throw ClaimError(.io, error.message)
            }
        }
    }
}

/// A share of the host's capacity, held until `release`, or after `leave` until its holder path is gone.
package final class CapacityGrant: Sendable {
    package let claim: CapacityClaim
    /// How long the acquisition waited.
    package let waited: Duration
    private let ticket: Mutex<CapacityTicket?>

    init(_ ticket: CapacityTicket, waited: Duration) {
        var claim = ticket.claim
        claim.state = .granted
        self.claim = claim
        self.waited = waited
        self.ticket = Mutex(ticket)
    }

    deinit { if claim.wants.isHeld { leave() } else { release() } }

    /// Releases the share. No-op if released.
    package func release() { take()?.withdraw() }

    /// Leaves the share to its holder path: it is released when that path is gone, at once if there is none.
    package func leave() { take()?.leave() }

    private func take() -> CapacityTicket? {
        ticket.withLock { ticket in
            defer { ticket = nil }
            return ticket
        }
    }
}
