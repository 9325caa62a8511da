import Crypto
import Dispatch
import Glibc
import Synchronization

/// One pass over a file: this thread reads, two serial queues hash, a third writes; a few buffers go round between them.
///
/// A buffer is filled again only when all three are done with it, so reading never gets ahead of the slowest by more than the ring.
final class DigestPass {
    /// The copy being written; nil when only hashing.
    struct Sink {
        var descriptor: Int32
        var path: String
    }

    private static let bufferSize = 1 << 20
    private static let ringSize = 8
    /// Zero runs at least this long become holes.
    private static let holeSize = 1 << 16
    /// Writeback is started whenever this much was written, so that the flush at the end finds little to do.
    private static let writebackSize: Int64 = 32 << 20

    private let source: Digest.Source
    private let sink: Sink?
    private let progress: Digest.Progress?
    private let cancelled: CancellationFlag
    private let sha1 = Lane(Insecure.SHA1.self, label: "atoll.sha1")
    private let sha256 = Lane(SHA256.self, label: "atoll.sha256")
    private let writer = DispatchQueue(label: "atoll.copy")
    private let group = DispatchGroup()
    private let free = DispatchSemaphore(value: DigestPass.ringSize)
    private let failure = FailureBox()

    init(source: Digest.Source, sink: Sink?, progress: Digest.Progress?, cancelled: CancellationFlag) {
        self.source = source
        self.sink = sink
        self.progress = progress
        self.cancelled = cancelled
    }

    /// Reads the whole file. Blocks.
    func run() throws -> Digest.Sums {
        let ring = (0..<Self.ringSize).map { _ in Buffer(Self.bufferSize) }
        let zeros = Buffer(Self.bufferSize)
        var turn = 0
        var position: Int64 = 0
        // Whatever happens, no queue may still be using a buffer or the descriptor when this returns.
        defer { group.wait() }
        while position < source.size {
            let data = dataStart(after: position)
            while position < data {
                try checkpoint()
                let count = Int(min(Int64(Self.bufferSize), data - position))
                free.wait()
                pass(zeros, count: count, at: position, writing: false)
                position += Int64(count)
            }
            let end = holeStart(after: position)
            while position < end {
                try checkpoint()
                free.wait()
                // Queues are serial and the semaphore counts to the ring's size, so this buffer's last use has ended.
                let buffer = ring[turn % ring.count]
                turn += 1
                let count: Int
                do {
                    count = try SystemCall.check("read \(source.path)") {
                        pread(source.descriptor, buffer.bytes.baseAddress, min(Self.bufferSize, Int(end - position)), off_t(position))
                    }
                } catch {
                    free.signal()
                    throw error
                }
                guard count > 0 else {
                    free.signal()
                    throw PlatformError(.io, "\(source.path) became shorter while it was read")
                }
                pass(buffer, count: count, at: position, writing: true)
                position += Int64(count)
            }
        }
        group.wait()
        try checkpoint()
        return Digest.Sums(sha1: Digest.hex(sha1.finalize()), sha256: Digest.hex(sha256.finalize()), bytes: position)
    }

    private func checkpoint() throws {
        if cancelled.isRaised { throw PlatformError(.cancelled, "interrupted while reading \(source.path)") }
        if let error = failure.error { throw error }
    }

    /// Hands one buffer to the hashes and the writer.
    private func pass(_ buffer: Buffer, count: Int, at position: Int64, writing: Bool) {
        let sink = writing ? sink : nil
        let pending = Countdown(sink == nil ? 2 : 3, then: free)
        sha1.update(buffer, count: count, group: group, pending: pending)
        sha256.update(buffer, count: count, group: group, pending: pending)
        if let sink {
            let failure = failure
            writer.async(group: group) {
                do { try Self.write(buffer, count: count, at: position, to: sink) } catch { failure.set(error) }
                pending.signal()
            }
        }
        progress?(position + Int64(count), source.size)
    }

    private static func write(_ buffer: Buffer, count: Int, at position: Int64, to sink: Sink) throws {
        guard let base = buffer.bytes.baseAddress else { return }
        var offset = 0
        while offset < count {
            let length = min(holeSize, count - offset)
            if isZero(base + offset, length) {
                offset += length
                continue
            }
            // One write for as many following blocks as hold data.
            var end = offset + length
            while end < count, !isZero(base + end, min(holeSize, count - end)) { end += min(holeSize, count - end) }
            while offset < end {
                offset += try SystemCall.check("write \(sink.path)") {
                    pwrite(sink.descriptor, base + offset, end - offset, off_t(position + Int64(offset)))
                }
            }
        }
        let after = position + Int64(count)
        if after / writebackSize != position / writebackSize {
            let start = (position / writebackSize) * writebackSize
            _ = LinuxCalls.syncFileRange(sink.descriptor, start, after - start, LinuxCalls.startWriteback)
        }
    }

    private static func isZero(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Bool {
        guard bytes.load(as: UInt8.self) == 0 else { return false }
        return memcmp(bytes, bytes + 1, count - 1) == 0
    }

    /// Where data begins at or after `position`; the end of the file when only a hole follows.
    private func dataStart(after position: Int64) -> Int64 {
        let found = lseek(source.descriptor, off_t(position), LinuxCalls.seekData)
        if found >= 0 { return min(Int64(found), source.size) }
        return errno == ENXIO ? source.size : position
    }

    private func holeStart(after position: Int64) -> Int64 {
        let found = lseek(source.descriptor, off_t(position), LinuxCalls.seekHole)
        return found > off_t(position) ? min(Int64(found), source.size) : source.size
    }
}

/// A block of memory that goes round the ring. Unchecked: the ring's semaphore lets one side have it at a time.
private final class Buffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    init(_ size: Int) {
        bytes = .allocate(byteCount: size, alignment: 4096)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
    deinit { bytes.deallocate() }
}

/// A hash and the serial queue that alone touches it. Unchecked: `finalize` is called when the queue is empty.
private final class Lane<Hash: HashFunction>: @unchecked Sendable {
    private var hash = Hash()
    private let queue: DispatchQueue
    init(_ type: Hash.Type, label: String) { queue = DispatchQueue(label: label) }

    func update(_ buffer: Buffer, count: Int, group: DispatchGroup, pending: Countdown) {
        queue.async(group: group) { [self] in
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
            pending.signal()
        }
    }

    func finalize() -> Hash.Digest { queue.sync { hash.finalize() } }
}

/// Signals a semaphore when it was signalled itself often enough.
private final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let semaphore: DispatchSemaphore
    init(_ count: Int, then semaphore: DispatchSemaphore) {
        left = Atomic(count)
        self.semaphore = semaphore
    }
    func signal() { if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { semaphore.signal() } }
}

/// The first error of the writer.
private final class FailureBox: Sendable {
    private let box = Mutex<(any Error)?>(nil)
    var error: (any Error)? { box.withLock { $0 } }
    func set(_ error: any Error) { box.withLock { if $0 == nil { $0 = error } } }
}
