import AtollModel
import AtollPlatform
import Glibc
import OrderedCollections

/// A ResultYAML file that shell scripts add to, result by result: what `taskotron_result` does.
package enum ResultFile {
    /// Appends a result: the file is read, and put in place whole with one more. Several writers wait for each other.
    /// - Returns: the number of results in the file now, and warnings about keyvals that were left out.
    /// - Throws: `ResultsError`; the file is as it was then. `.value` for a file that is no ResultYAML, `.io`, `.locked`.
    @discardableResult
    package static func append(_ detail: CheckDetail, to path: String, patience: Duration = .seconds(30)) async throws -> (
        count: Int, warnings: [String]
    ) {
        guard !detail.item.isEmpty else { throw ResultsError(.value, "the result has no item; give one with --item") }
        // Behind a link is the file; replacing the link would leave the file as it was.
        let path = Directories.real(Directories.absolute(path, relativeTo: Directories.working()))
        do {
            let lock = try await FileLock.acquire(path + ".lock", note: "taskotron_result", patience: patience)
            defer { lock.releaseAndRemove() }
            var details = try read(path)
            details.append(detail)
            let exported = try ResultYAML.export(details)
            let mode = SystemCall.status(path).map { $0.st_mode & 0o777 } ?? (0o666 & ~currentMask())
            try AtomicFile.write(exported.text, to: path, mode: mode)
            return (details.count, exported.warnings)
        } catch let error as PlatformError {
            switch error.code {
            case .locked: throw ResultsError(.locked, "\(error.message); nothing was written")
            case .cancelled: throw CancellationError()
            default: throw ResultsError(.io, "\(error.message); nothing was written")
            }
        }
    }

    /// The results of a file; none for a file that is missing or empty.
    package static func read(_ path: String) throws -> [CheckDetail] {
        guard SystemCall.exists(path) else { return [] }
        let text = try AtomicFile.text(path, limit: YAMLDocument.sizeLimit)
        if text.allSatisfy(\.isWhitespace) { return [] }
        return try ResultYAML.parse(text, name: path)
    }

    /// The companion's arguments as a result. `keyvals` are `KEY=VALUE`, split at the first `=` only; values are text.
    /// - Throws: `ResultsError` `.value` for an unknown outcome and for a keyval without `=`.
    package static func detail(
        item: String, type: String, outcome: String, note: String = "", keyvals: [String] = [], checkname: String? = nil,
        artifact: String? = nil
    ) throws(ResultsError) -> CheckDetail {
        var pairs: OrderedDictionary<String, Value> = [:]
        for keyval in keyvals {
            guard let equals = keyval.firstIndex(of: "="), equals != keyval.startIndex else {
                throw ResultsError(.value, "'\(keyval)' is no KEY=VALUE")
            }
            pairs[String(keyval[..<equals])] = .string(String(keyval[keyval.index(after: equals)...]))
        }
        return try CheckDetail(
            item: item, type: type, outcomeWord: outcome, note: note, keyvals: pairs, checkname: checkname, artifact: artifact)
    }

    /// Asking the kernel for the mask would change it for a moment, for all threads; this only reads.
    private static func currentMask() -> UInt32 {
        let status = (try? AtomicFile.text("/proc/self/status", limit: 1 << 16)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt32($0, radix: 8) } ?? 0o022
    }
}
