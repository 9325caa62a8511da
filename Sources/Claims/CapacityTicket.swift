import AtollPlatform
public import Foundation
import Glibc

/// One claim on the host's capacity, as its file says.
public struct CapacityClaim: Sendable, Equatable, Codable {
    public enum State: String, Sendable, Codable { case waiting, granted }
    /// Place in the queue: lower numbers came first.
    public var number: Int
    public var pid: Int32
    public var state: State
    /// When it joined the queue.
    public var since: Date
    public var wants: CapacityRequest
}

/// A claim's file and the flock on it: while the lock lasts the claim is alive, whatever becomes of its process otherwise.
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
        /// Its lock is held, but what it says makes no sense.
        case unreadable
        /// Its process is gone.
        case dead
    }

    /// nil when the file vanished meanwhile.
    static func look(at path: String) -> Found? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT ? nil : .unreadable }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            return .dead
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let bytes = try? AtomicFile.read(path, limit: 1 << 16) else { return nil }
        return (try? decoder.decode(CapacityClaim.self, from: Data(bytes))).map { .alive($0) } ?? .unreadable
    }
}
