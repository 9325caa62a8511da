import AtollPlatform
package import Foundation
import Glibc

/// One claim on the host's capacity, as its file says.
package struct CapacityClaim: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        case waiting, granted
        /// Granted to a process that has let go of it, while its holder is still there. Never written: it is seen.
        case leftBehind
    }
    /// Place in the queue: lower numbers came first.
    package var number: Int
    package var pid: Int32
    package var state: State
    /// When it joined the queue.
    package var since: Date
    package var wants: CapacityRequest
}

/// A claim's file and the flock on it: while the lock lasts the claim is alive, whatever becomes of its process otherwise; after that, a
/// granted one lasts for as long as its holder is there.
final class CapacityTicket: Sendable {
    let path: String
    let claim: CapacityClaim
    private let descriptor: Int32

    private init(path: String, claim: CapacityClaim, descriptor: Int32) {
        self.path = path
        self.claim = claim
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static let suffix = ".ticket"
    static let unfinished = ".ticket.new"

    /// Joins the queue. The file has its name only when it is locked and whole, so that nobody takes it for a dead one.
    static func draw(_ claim: CapacityClaim, in directory: String) throws -> CapacityTicket {
        let digits = String(claim.number)
        let path = directory + "/" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + suffix
        let temporary = "\(directory)/\(getpid()).\(UInt32.random(in: 0 ... .max))\(unfinished)"
        let descriptor = try SystemCall.check("make \(temporary)") { open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o660) }
        let ticket = CapacityTicket(path: path, claim: claim, descriptor: descriptor)
        do {
            fchmod(descriptor, 0o660)
            try SystemCall.check("lock \(temporary)") { flock(descriptor, LOCK_EX | LOCK_NB) }
            try ticket.write(claim)
            try SystemCall.check("put \(path) in place") { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        return ticket
    }

    /// Notes that the claim is granted. The text keeps its length and is written at once: readers without the lock see one or the other.
    func grant() throws {
        var granted = claim
        granted.state = .granted
        try write(granted)
    }

    /// Leaves the queue. The file goes first: a file without a lock would be a dead claim to others.
    func withdraw() {
        unlink(path)
        flock(descriptor, LOCK_UN)
    }

    /// Gives up the lock and leaves the file, by which the claim lasts for as long as its holder is there.
    func leave() { flock(descriptor, LOCK_UN) }

    private func write(_ claim: CapacityClaim) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        let bytes = Array(try encoder.encode(claim) + Data("\n".utf8))
        let count = try SystemCall.check("write \(path)") { pwrite(descriptor, bytes, bytes.count, 0) }
        guard count == bytes.count else { throw PlatformError(.noSpace, "cannot write \(path): the disk is full", errno: ENOSPC) }
    }

    /// What a file of the directory is.
    enum Found {
        case alive(CapacityClaim)
        /// Its process is gone, and what it was granted for is still there.
        case leftBehind(CapacityClaim)
        /// Its lock is held, but what it says makes no sense.
        case unreadable
        /// Its process is gone, and nothing is left that would use what it claims.
        case dead
    }

    /// nil when the file vanished meanwhile.
    static func look(at path: String) -> Found? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT ? nil : .unreadable }
        defer { close(descriptor) }
        let isUnlocked = flock(descriptor, LOCK_SH | LOCK_NB) == 0
        if isUnlocked { flock(descriptor, LOCK_UN) }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let bytes = try? AtomicFile.read(path, limit: 1 << 16) else { return isUnlocked ? .dead : nil }
        let claim = try? decoder.decode(CapacityClaim.self, from: Data(bytes))
        guard isUnlocked else { return claim.map { .alive($0) } ?? .unreadable }
        guard var claim, claim.state == .granted, claim.wants.isHeld else { return .dead }
        claim.state = .leftBehind
        return .leftBehind(claim)
    }
}

extension CapacityRequest {
    /// Whether what it is for is there, its process aside. One that may not be looked at counts as there.
    var isHeld: Bool {
        guard let holder else { return false }
        var status = stat()
        return lstat(holder, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }
}
