import AtollCommands
package import AtollModel
import AtollPlatform
import Foundation
import Glibc

/// Creates and converts images with qemu-img. Formats are always given, never probed; paths are absolute, so that no name is parsed
/// as a protocol (`repo:tiny:1` is a file).
package enum QemuImg {
    /// Progress in percent, 0...100.
    package typealias Progress = @Sendable (Double) -> Void

    /// Creates the overlay `path` with the backing file `backing`.
    /// - Parameter size: virtual size in bytes; nil for the backing file's size.
    /// - Parameter lazyRefcounts: faster allocation; after a crash, the next open repairs the image.
    package static func createOverlay(
        _ path: String, on backing: String, format backingFormat: DiskSpec.Format, size: Int64? = nil, lazyRefcounts: Bool = true
    ) async throws {
        guard SystemCall.exists(backing) else {
            throw DiskImageError(.missing, "cannot create overlay '\(path)': its backing file '\(backing)' does not exist")
        }
        var arguments = ["create", "-q", "-f", "qcow2", "-b", Self.path(backing), "-F", driver(backingFormat)]
        if lazyRefcounts { arguments += ["-o", "lazy_refcounts=on"] }
        arguments.append(Self.path(path))
        if let size { arguments.append(String(size)) }
        try await make(path, arguments)
    }

    /// Creates an empty disk: raw and sparse, or qcow2 with preallocated metadata.
    /// - Parameter size: bytes.
    package static func createEmpty(_ path: String, format: DiskSpec.Format, size: Int64) async throws {
        var arguments = ["create", "-q", "-f", driver(format)]
        if format == .qcow2 { arguments += ["-o", "preallocation=metadata"] }
        try await make(path, arguments + [Self.path(path), String(size)])
    }

    /// Converts `source` to the new file `destination`; zeros become holes. Cancelling the task ends qemu-img; a
    /// partial file is removed on any failure.
    package static func convert(
        _ source: String, from format: DiskSpec.Format, to destination: String, as target: DiskSpec.Format, compress: Bool = false,
        progress: Progress? = nil
    ) async throws {
        guard SystemCall.exists(source) else { throw DiskImageError(.missing, "cannot convert '\(source)': it does not exist") }
        var arguments = ["convert", "-p", "-f", driver(format), "-O", driver(target)]
        if compress { arguments.append("-c") }
        try await make(destination, arguments + [Self.path(source), Self.path(destination)], progress: progress)
    }

    private static func make(_ path: String, _ arguments: [String], progress: Progress? = nil) async throws {
        guard !SystemCall.exists(path) else { throw DiskImageError(.io, "cannot create '\(path)': it already exists") }
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
            throw DiskImageError(.cancelled, "qemu-img \(arguments[0]) of '\(path)' was interrupted")
        }
        if Task.isCancelled { throw DiskImageError(.cancelled, "qemu-img \(arguments[0]) of '\(path)' was interrupted") }
        guard status == 0 else {
            let code: PlatformError.Code = words.text.contains("No space left") ? .noSpace : .toolFailed
            let reason = reason(words.text, without: arguments.filter { $0.hasPrefix("/") })
            throw explain("qemu-img \(arguments[0]) failed: \(reason)", code: code, about: path)
        }
    }

    /// The last line of qemu-img's output without its name and without the paths it was given, which may be temporary.
    static func reason(_ words: String, without paths: [String]) -> String {
        var text = words.components(separatedBy: "; ").last ?? words
        for path in paths.sorted(by: { $0.count > $1.count }) { text = text.replacingOccurrences(of: path, with: "the image") }
        return text.hasPrefix("qemu-img: ") ? String(text.dropFirst(10)) : text
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
                .noSpace,
                "write '\(path)' failed: no space left on device: \(words)\nhint: atoll template gc, or destroy unused environments")
        case .permission: DiskImageError(.permission, words)
        case .cancelled: DiskImageError(.cancelled, words)
        default: DiskImageError(.toolFailed, "'\(path)': \(words)")
        }
    }

    /// Driver name for qemu-img, which has none for iso: a CD image is raw.
    private static func driver(_ format: DiskSpec.Format) -> String { format == .qcow2 ? "qcow2" : "raw" }

    private static func path(_ path: String) -> String { Directories.absolute(path, relativeTo: Directories.working()) }
}
