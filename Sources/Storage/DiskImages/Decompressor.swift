import AtollCommands
import AtollModel
import AtollPlatform
import Glibc
import Synchronization

/// Decompresses an image with the program of its format, as a process under resource limits.
package struct Decompressor: Sendable {
    /// The most bytes written, holes included.
    package var limit: Int64
    /// Bytes that stay free on the destination's filesystem.
    package var margin: Int64
    /// Bytes free at a path.
    package var freeBytes: @Sendable (String) -> Int64?

    package init(limit: Int64, margin: Int64, freeBytes: @escaping @Sendable (String) -> Int64? = { DiskSpace.available($0) }) {
        self.limit = limit
        self.margin = margin
        self.freeBytes = freeBytes
    }

    /// Memory and CPU time of the program. xz and zstd need the dictionary that the file asks for, at most 2 GiB.
    private static let limits = Tool.FilterLimits(memory: 3 << 30, seconds: 7200)

    /// Writes the content of `source` to the new file `destination`; runs of zeros become holes. What was written is removed on failure.
    /// - Parameter progress: bytes written so far.
    /// - Throws: `.wrongFormat` if the content exceeds the limit, `.noSpace`, `.damaged`, `.toolMissing`, `.cancelled`.
    package func run(
        _ source: String, _ compression: Compression, to destination: String, progress: (@Sendable (Int64) -> Void)? = nil
    ) async throws {
        let program = compression.rawValue
        let sink = try SparseSink(destination, source: source, limits: self, progress: progress)
        var isComplete = false
        defer {
            sink.close()
            if !isComplete { unlink(destination) }
        }
        let result: Tool.FilterResult
        do {
            result = try await Tool.filter(program, compression.arguments, input: source, limits: Self.limits) { try sink.write($0) }
        } catch let error as PlatformError where error.code == .cancelled {
            throw DiskImageError(.cancelled, "decompression of '\(source)' was interrupted")
        } catch let error as PlatformError {
            throw DiskImageError(error.code == .toolMissing ? .toolMissing : error.code == .noSpace ? .noSpace : .io, error.message)
        }
        guard result.status == 0 else {
            if result.errors.contains("emory") {
                throw DiskImageError(
                    .wrongFormat, "'\(source)' needs more than \(ByteSize(Self.limits.memory)) of memory to decompress with \(program)")
            }
            throw DiskImageError(
                .damaged,
                "'\(source)' is a damaged or truncated \(program) file (\(program) exit status \(result.status));"
                    + " check it: \(program) -t < \(ShellWord.quoted(source))")
        }
        try sink.finish()
        isComplete = true
    }
}

/// The file being written. Called from one thread at a time.
private final class SparseSink: Sendable {
    private struct Position {
        var bytes: Int64 = 0
        var stored: Int64 = 0
        var checked: Int64 = 0
    }
    private static let step: Int64 = 16 << 20
    private static let block = 1 << 16

    private let descriptor: Int32
    private let path: String
    private let source: String
    private let limits: Decompressor
    private let progress: (@Sendable (Int64) -> Void)?
    private let position = Mutex(Position())

    init(_ path: String, source: String, limits: Decompressor, progress: (@Sendable (Int64) -> Void)?) throws {
        descriptor = try SystemCall.check("create \(path)") { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        (self.path, self.source, self.limits, self.progress) = (path, source, limits, progress)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try position.withLock { position in
            guard position.bytes + Int64(bytes.count) <= limits.limit else {
                throw DiskImageError(
                    .wrongFormat,
                    "'\(source)' decompresses to more than the limit of \(ByteSize(limits.limit)); if this is expected, decompress it"
                        + " yourself and import the result")
            }
            var start = 0
            while start < bytes.count {
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.block, bytes.count)])
                if !Self.isZero(part) {
                    try store(part, at: position.bytes + Int64(start))
                    position.stored += Int64(part.count)
                }
                start += part.count
            }
            position.bytes += Int64(bytes.count)
            if position.stored - position.checked >= Self.step {
                position.checked = position.stored
                try requireSpace()
            }
            progress?(position.bytes)
        }
    }

    /// Sets the length and flushes.
    func finish() throws {
        let size = position.withLock { $0.bytes }
        try SystemCall.check("set the size of \(path)") { ftruncate(descriptor, off_t(size)) }
        try SystemCall.check("flush \(path)") { fsync(descriptor) }
    }

    func close() { Glibc.close(descriptor) }

    private func requireSpace() throws {
        guard let free = limits.freeBytes(path), free < limits.margin else { return }
        throw DiskImageError(.noSpace, "no space left to decompress '\(source)': \(ByteSize(free)) are free")
    }

    private func store(_ part: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < part.count {
            done += try SystemCall.check("write the decompressed content of '\(source)'") {
                pwrite(descriptor, part.baseAddress?.advanced(by: done), part.count - done, off_t(offset) + off_t(done))
            }
        }
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 1 else { return bytes.allSatisfy { $0 == 0 } }
        return bytes[0] == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
    }
}
