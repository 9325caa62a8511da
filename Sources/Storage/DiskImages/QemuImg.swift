import AtollCommands
package import AtollModel
import AtollPlatform
import Glibc

/// Makes and converts images with qemu-img. Formats are always given, never guessed; paths are absolute, so that no name is read
/// as a protocol (`repo:tiny:1` is a file here).
package enum QemuImg {
    /// Called with percent done, 0...100.
    package typealias Progress = @Sendable (Double) -> Void

    /// Makes the overlay `path` on `backing`.
    /// - Parameter size: bytes the guest sees; the backing file's size when nil.
    /// - Parameter lazyRefcounts: faster allocation; a crash makes the next open repair the image.
    package static func createOverlay(
        _ path: String, on backing: String, format backingFormat: DiskSpec.Format, size: Int64? = nil, lazyRefcounts: Bool = true
    ) async throws {
        guard SystemCall.exists(backing) else {
            throw DiskImageError(.missing, "the overlay \(path) cannot be made: what it backs on, \(backing), does not exist")
        }
        var arguments = ["create", "-q", "-f", "qcow2", "-b", Self.path(backing), "-F", driver(backingFormat)]
        if lazyRefcounts { arguments += ["-o", "lazy_refcounts=on"] }
        arguments.append(Self.path(path))
        if let size { arguments.append(String(size)) }
        try await make(path, arguments)
    }

    /// Makes an empty disk: raw and sparse, or qcow2 with its tables laid out.
    /// - Parameter size: bytes.
    package static func createEmpty(_ path: String, format: DiskSpec.Format, size: Int64) async throws {
        var arguments = ["create", "-q", "-f", driver(format)]
        if format == .qcow2 { arguments += ["-o", "preallocation=metadata"] }
        try await make(path, arguments + [Self.path(path), String(size)])
    }

    /// Writes `source` to the new file `destination` in another format; zeros become holes. Cancelling the task ends qemu-img; what was
    /// written is removed on any failure.
    package static func convert(
        _ source: String, from format: DiskSpec.Format, to destination: String, as target: DiskSpec.Format, compress: Bool = false,
        progress: Progress? = nil
    ) async throws {
        guard SystemCall.exists(source) else { throw DiskImageError(.missing, "cannot convert \(source): it does not exist") }
        var arguments = ["convert", "-p", "-f", driver(format), "-O", driver(target)]
        if compress { arguments.append("-c") }
        try await make(destination, arguments + [Self.path(source), Self.path(destination)], progress: progress)
    }

    private static func make(_ path: String, _ arguments: [String], progress: Progress? = nil) async throws {
        guard !SystemCall.exists(path) else { throw DiskImageError(.io, "cannot make \(path): it exists") }
        do { try await run(arguments, making: path, progress: progress) } catch {
            unlink(path)
            throw error
        }
    }

    private static func run(_ arguments: [String], making path: String, progress: Progress?) async throws {
        let words = LastWords()
        let status: Int32
        do {
            status = try await Tool.stream("qemu-img", arguments) { line in
                if let percent = percent(line) { progress?(percent) } else { words.add(line) }
            }
        } catch let error as PlatformError {
            throw explain(error.message, code: error.code, about: path)
        } catch is CancellationError {
            throw DiskImageError(.cancelled, "qemu-img \(arguments[0]) of \(path) was interrupted")
        }
        if Task.isCancelled { throw DiskImageError(.cancelled, "qemu-img \(arguments[0]) of \(path) was interrupted") }
        guard status == 0 else {
            let code: PlatformError.Code = words.text.contains("No space left") ? .noSpace : .toolFailed
            throw explain("qemu-img \(arguments[0]) ended with status \(status): \(words.text)", code: code, about: path)
        }
    }

    /// `    (12.34/100%)` of `qemu-img -p`.
    static func percent(_ line: String) -> Double? {
        guard let open = line.lastIndex(of: "("), let slash = line[open...].firstIndex(of: "/"), line[slash...].hasPrefix("/100%)") else {
            return nil
        }
        return Double(line[line.index(after: open)..<slash].trimmingPrefix(" "))
    }

    private static func explain(_ words: String, code: PlatformError.Code, about path: String) -> DiskImageError {
        switch code {
        case .toolMissing: DiskImageError(.toolMissing, words)
        case .noSpace:
            DiskImageError(
                .noSpace, "no space left while writing \(path): \(words). Free some: atoll template gc, or destroy environments not in use")
        case .permission: DiskImageError(.permission, words)
        case .cancelled: DiskImageError(.cancelled, words)
        default: DiskImageError(.toolFailed, "\(path): \(words)")
        }
    }

    /// qemu-img knows no iso: a CD image is raw.
    private static func driver(_ format: DiskSpec.Format) -> String { format == .qcow2 ? "qcow2" : "raw" }

    private static func path(_ path: String) -> String { Directories.absolute(path, relativeTo: Directories.working()) }
}
