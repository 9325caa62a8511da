import AtollCommands
package import AtollArchive
import AtollGuestAccess
import AtollModel
import AtollPlatform
import Foundation
import Glibc
import Synchronization

extension RemoteInstance {
    @discardableResult
    package func push(_ source: CopySource, to directory: String) async throws -> [String] {
        let place = ShellWord.quoted(directory)
        claim(directory)
        let hasTar = try await empty(directory, for: source)
        guard hasTar else { return try await pushByFile(source, directory) }
        let pipe = try Pipe()
        let (reading, writing) = (pipe.reading, pipe.writing)
        let stream = Task { () throws -> [String] in
            try await Blocking.run {
                defer { close(writing) }
                return try TarWriter.write(contentsOf: source.path, excluding: source.excluding, to: writing)
            }
        }
        let kept = KeptOutput(limit: 4096)
        let line = "exec tar -x -f - -C \(place)"
        do {
            let result = try await explained {
                try await channel.run(line, input: .descriptor(reading), timeout: nil) { kept.append($0, $1) }
            }
            close(reading)
            guard result.succeeded else { throw refusal("copying \(source.path) to \(directory)", kept, result) }
            return try await stream.value
        } catch {
            // Whoever writes into it must not wait for a reader that is gone.
            close(reading)
            _ = try? await stream.value
            throw error
        }
    }

    package func pull(contentsOf directory: String, to local: String, limits: TarLimits) async throws -> TarReport {
        guard try await has("tar") else {
            // Without a shell, which the task may have removed, copying by file would be waited for without end.
            guard try await has("cd") else { throw DisposableError(.copy, "\(name) runs no commands any more") }
            return try await pullByFile(directory, local, limits)
        }
        let extraction = ExtractionBox(try TarExtraction(into: local, limits: limits))
        let kept = KeptOutput(limit: 4096)
        let watch = Watch(silence: .seconds(300))
        let line = "cd -- \(ShellWord.quoted(directory)) || exit 3; exec tar -c -f - ."
        let result = try await explained {
            try await watch.run { [channel] sign in
                try await channel.run(line, input: .none, timeout: nil) { stream, bytes in
                    sign()
                    if stream == .output { try extraction.feed(bytes) } else { kept.append(stream, bytes) }
                }
            }
        }
        // Status 1 is "a file changed while it was read": what came is whole all the same.
        guard result.code <= 1 else { throw refusal("copying \(directory) from \(name)", kept, result) }
        return try extraction.finish()
    }

    /// Makes the directory anew.
    /// - Returns: whether the machine has tar.
    /// - Throws: when the tree cannot have room there; found out before it was copied for minutes.
    private func empty(_ directory: String, for source: CopySource) async throws -> Bool {
        let place = ShellWord.quoted(directory)
        let line = """
            rm -rf -- \(place) && mkdir -p -- \(place) || exit 3
            df -Pk -- \(place) 2> /dev/null
            if command -v tar > /dev/null 2>&1; then echo tar; fi
            """
        let kept = KeptOutput(limit: 4096)
        let result = try await explained { try await channel.run(line, input: .none, timeout: .seconds(60)) { kept.append($0, $1) } }
        let lines = String(decoding: kept.bytes(.output), as: UTF8.self).split(separator: "\n")
        let hasTar = lines.last == "tar"
        guard result.succeeded else { throw refusal("making \(directory)", kept, result) }
        if let (device, free) = Self.freeKiB(lines.dropLast(hasTar ? 1 : 0).last ?? ""), source.bytes / 1024 > free {
            let (size, room) = (ByteSize(source.bytes), ByteSize(free * 1024))
            let larger = kind == .libvirt && device.hasPrefix("/") ? "; or give the VM a larger disk: --disk GIB" : ""
            throw DisposableError(
                .copy,
                "\(source.path) has \(size), and \(name) has room for \(room) at \(directory); leave out what the task does not need: "
                    + "--exclude PATTERN\(larger)")
        }
        return hasTar
    }

    /// What df says of a filesystem: `DEVICE TOTAL USED FREE NN% PLACE`, in KiB, with blanks perhaps in the device and the place.
    /// - Returns: nil for other words, and for filesystems that have no size (ramfs).
    static func freeKiB(_ line: Substring) -> (device: Substring, free: Int64)? {
        guard let match = line.firstMatch(of: /^(.+?)\s+(\d+)\s+\d+\s+(\d+)\s+\d+%\s/), let total = Int64(match.2), total > 0 else {
            return nil
        }
        return Int64(match.3).map { (match.1, $0) }
    }

    /// Asked each time: a task may install or remove it.
    private func has(_ program: String) async throws -> Bool {
        let line = "command -v \(program) > /dev/null 2>&1"
        return try await explained { try await channel.run(line, input: .none, timeout: .seconds(60)) { _, _ in } }.succeeded
    }

    /// For machines without tar: slower, and links are followed.
    private func pushByFile(_ source: CopySource, _ directory: String) async throws -> [String] {
        var local = source.path
        let selected = NSTemporaryDirectory() + "/atoll-push-" + UUID().uuidString
        defer { try? Directories.removeTree(selected) }
        if !source.excluding.isEmpty {
            local = selected
            _ = try await Blocking.run { try TarCopy.copy(source.path, to: selected, excluding: source.excluding, limits: .unlimited) }
        }
        try await explained {
            _ = try await channel.run("rm -rf -- \(ShellWord.quoted(directory))", input: .none, timeout: nil) { _, _ in }
            try await channel.push(local, to: directory)
        }
        return []
    }

    /// First beside its place, so that the same limits hold as for an archive.
    private func pullByFile(_ directory: String, _ local: String, _ limits: TarLimits) async throws -> TarReport {
        let beside = local + ".part"
        defer { try? Directories.removeTree(beside) }
        try await explained { try await channel.pull(directory, to: beside) }
        return try await Blocking.run { try TarCopy.copy(beside, to: local, limits: limits) }
    }

    private func refusal(_ what: String, _ kept: KeptOutput, _ result: CommandResult) -> DisposableError {
        let words = GuestText.tail(String(decoding: kept.bytes(.errors), as: UTF8.self), lines: 2)
        return DisposableError(.copy, "\(what) ended with status \(result.code)\(words.isEmpty ? "" : ": \(words)")")
    }
}

/// Shares one extraction with the callback that feeds it.
private final class ExtractionBox: Sendable {
    private let extraction: Mutex<TarExtraction>

    init(_ extraction: consuming TarExtraction) { self.extraction = Mutex(extraction) }

    func feed(_ bytes: [UInt8]) throws { try extraction.withLock { try $0.feed(bytes) } }
    func finish() throws -> TarReport { try extraction.withLock { try $0.finish() } }
}
