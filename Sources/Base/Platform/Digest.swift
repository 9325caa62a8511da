import Glibc
import Crypto
import Dispatch
import Synchronization

/// SHA-1 and SHA-256 of a file, taken together in one pass, and the copy that takes them on its way.
package enum Digest {
    /// What one pass over a file found.
    package struct Sums: Sendable, Equatable, Codable {
        /// 40 lower-case hex digits.
        package var sha1: String
        /// 64 lower-case hex digits.
        package var sha256: String
        /// Length, holes included.
        package var bytes: Int64

        package init(sha1: String, sha256: String, bytes: Int64) {
            self.sha1 = sha1
            self.sha256 = sha256
            self.bytes = bytes
        }
    }

    /// Called with bytes done and bytes in all, at most once per buffer, from one thread at a time.
    package typealias Progress = @Sendable (_ done: Int64, _ total: Int64) -> Void

    /// Hashes the file at `path`. Task cancellation ends it within one buffer.
    /// - Throws: `.cancelled`, or the error of the read.
    package static func file(_ path: String, progress: Progress? = nil) async throws -> Sums {
        try await run { flag in
            let source = try Source(path)
            defer { source.close() }
            return try DigestPass(source: source, sink: nil, progress: progress, cancelled: flag).run()
        }
    }

    /// Copies `source` to the new file `destination` and hashes what was written. Holes and runs of zeros become holes; where the
    /// filesystem can share blocks (reflink) it does, and the copy is what gets hashed. The copy is flushed to disk before this returns.
    /// - Parameter mode: exact mode of the new file.
    /// - Throws: `.cancelled`, `.noSpace`, …; the unfinished copy is removed.
    package static func copy(
        from source: String, to destination: String, mode: UInt32 = 0o600, progress: Progress? = nil
    ) async throws -> Sums {
        try await run { flag in
            let input = try Source(source)
            defer { input.close() }
            let output = try SystemCall.check("create \(destination)") {
                open(destination, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            }
            var finished = false
            defer {
                close(output)
                if !finished { unlink(destination) }
            }
            try SystemCall.check("set the mode of \(destination)") { fchmod(output, mode) }
            let sums: Sums
            if cloneBlocks(of: input.descriptor, to: output) {
                let copy = Source(descriptor: output, path: destination, size: input.size)
                sums = try DigestPass(source: copy, sink: nil, progress: progress, cancelled: flag).run()
            } else {
                let sink = DigestPass.Sink(descriptor: output, path: destination)
                sums = try DigestPass(source: input, sink: sink, progress: progress, cancelled: flag).run()
                try SystemCall.check("set the size of \(destination)") { ftruncate(output, off_t(sums.bytes)) }
            }
            try SystemCall.check("flush \(destination)") { fsync(output) }
            finished = true
            return sums
        }
    }

    /// SHA-256 of bytes in memory, in hex.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> String { hex(SHA256.hash(data: Array(bytes))) }

    static func hex(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// A file being read.
    struct Source: Sendable {
        let descriptor: Int32
        let path: String
        let size: Int64

        init(descriptor: Int32, path: String, size: Int64) {
            self.descriptor = descriptor
            self.path = path
            self.size = size
        }

        init(_ path: String) throws {
            let descriptor = try SystemCall.check("read \(path)") { open(path, O_RDONLY | O_CLOEXEC) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                Glibc.close(descriptor)
                throw PlatformError(.malformed, "\(path) is not a regular file")
            }
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
            self.init(descriptor: descriptor, path: path, size: Int64(status.st_size))
        }

        func close() { Glibc.close(descriptor) }
    }

    /// `ioctl(FICLONE)`: makes `output` share all blocks of `input`; false where the filesystem cannot.
    private static func cloneBlocks(of input: Int32, to output: Int32) -> Bool { ioctl(output, 0x4004_9409, input) == 0 }

    /// Runs `body` on a thread of its own with a flag that task cancellation raises.
    private static func run<T: Sendable>(_ body: @escaping @Sendable (CancellationFlag) throws -> T) async throws -> T {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await Blocking.run { try body(flag) }
        } onCancel: {
            flag.raise()
        }
    }
}

/// Tells a thread that runs no task that its task was cancelled.
final class CancellationFlag: Sendable {
    private let raised = Atomic<Bool>(false)
    var isRaised: Bool { raised.load(ordering: .relaxed) }
    func raise() { raised.store(true, ordering: .relaxed) }
}
