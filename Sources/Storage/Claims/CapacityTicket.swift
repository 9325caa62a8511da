import AtollPlatform
package import Foundation
import Glibc

/// One claim on the host's capacity: the content of its file.
package struct CapacityClaim: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        case waiting, granted
        /// Granted, its process has exited, and its holder path exists. Derived, never written.
        case leftBehind
    }
    /// Position in the queue: lower numbers came first.
    package var number: Int
    package var pid: Int32
    package var state: State
    /// When it joined the queue.
    package var since: Date
    package var wants: CapacityRequest
}

/// A claim's file and its flock: while locked, the claim is alive; after that, a
/// granted claim lasts as long as its holder path exists.
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

    /// Joins the queue. The file is locked and complete before it gets its name, so that no process takes it for a dead one.
    static func draw(_ claim: CapacityClaim, in directory: String) throws -> CapacityTicket {
        let digits = String(claim.number)
        let path = directory + "/" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + suffix
        let temporary = "\(directory)/\(getpid()).\(UInt32.random(in: 0 ... .max))\(unfinished)"
        let descriptor = try SystemCall.check("create '\(temporary)'") { open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o660) }
        let ticket = CapacityTicket(path: path, claim: claim, descriptor: descriptor)
        do {
            fchmod(descriptor, 0o660)
            try SystemCall.check("lock '\(temporary)'") { flock(descriptor, LOCK_EX | LOCK_NB) }
            try ticket.write(claim)
            try SystemCall.check("rename '\(temporary)' to '\(path)'") { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        return ticket
    }

    /// Records that the claim is granted. The text keeps its length and is written in one call, so that unlocked readers see either state.
    func grant() throws {
        var granted = claim
        granted.state = .granted
        try write(granted)
    }

    /// Leaves the queue. Unlinks first: an unlocked file would be read as a dead claim.
    func withdraw() {
        unlink(path)
        flock(descriptor, LOCK_UN)
    }

    /// Drops the lock and keeps the file, so that the claim lasts as long as its holder path exists.
    func leave() { flock(descriptor, LOCK_UN) }

    private func write(_ claim: CapacityClaim) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        let bytes = Array(try encoder.encode(claim) + Data("\n".utf8))
        let count = try SystemCall.check("write '\(path)'") { pwrite(descriptor, bytes, bytes.count, 0) }
        guard count == bytes.count else { throw PlatformError(.noSpace, "write '\(path)' failed: no space left on device", errno: ENOSPC) }
    }

    /// State of a file in the queue.
    enum Found {
        case alive(CapacityClaim)
        /// Orphaned: its process has exited, and its holder path exists.
        case leftBehind(CapacityClaim)
        /// Locked, but its content is invalid.
        case unreadable
        /// Its process has exited, and its holder path is gone.
        case dead
    }

    /// Reads a file; nil if it was removed meanwhile.
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
    /// Whether the holder path exists. A path that cannot be inspected counts as existing.
    var isHeld: Bool {
        guard let holder else { return false }
        var status = stat()
        return lstat(holder, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }
}
