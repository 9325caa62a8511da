import AtollPlatform
import Foundation
import Glibc
import Synchronization

/// Write-ahead log of a prefix: one JSON object per line, flushed before the step it announces runs.
///
/// It records how far an interrupted verb got. Each verb observes the host itself; the journal is never read as its state.
package final class Journal: Sendable {
    /// One line of the journal.
    package struct Entry: Codable, Sendable, Equatable {
        package enum Event: String, Codable, Sendable {
            case begin, intent, done, failed, undo, undone, end
        }
        /// UTC, ISO 8601.
        package var time: String
        /// Process ID of the writer.
        package var pid: Int32
        package var verb: String
        package var event: Event
        /// Empty for `begin` and `end`.
        package var step: String
        package var note: String?
    }

    private let verb: String
    private let path: String
    private let descriptor: Mutex<Int32>

    /// Opens the journal for appending; the directory must exist.
    package init(path: String, verb: String) throws {
        self.verb = verb
        self.path = path
        let opened = try SystemCall.check("open journal '\(path)'") { open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o640) }
        descriptor = Mutex(opened)
    }

    deinit { descriptor.withLock { if $0 >= 0 { _ = Glibc.close($0) } } }

    /// Appends an entry and flushes it. No-op if the journal's directory was removed (the last steps of a destroy).
    package func record(_ event: Entry.Event, step: String = "", note: String? = nil) throws {
        let entry = Entry(
            time: Date.now.formatted(.iso8601), pid: getpid(), verb: verb, event: event, step: step, note: note)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let entryLine = Array(try encoder.encode(entry)) + [UInt8(ascii: "\n")]
        try descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            let line = Self.endsInsideLine(descriptor) ? [UInt8(ascii: "\n")] + entryLine : entryLine
            let written = try SystemCall.check("write journal '\(path)'") { write(descriptor, line, line.count) }
            guard written == line.count else { throw PlatformError(.noSpace, "write journal '\(path)' failed: no space left on device") }
            try SystemCall.check("flush journal '\(path)'") { fdatasync(descriptor) }
        }
    }

    /// Whether the last line lacks its newline (crash or full filesystem), so that the next entry must start with one.
    private static func endsInsideLine(_ descriptor: Int32) -> Bool {
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_size > 0 else { return false }
        var last: UInt8 = 0
        return pread(descriptor, &last, 1, state.st_size - 1) == 1 && last != UInt8(ascii: "\n")
    }

    /// All valid entries. Invalid lines, such as one truncated by a crash, are skipped.
    package static func entries(at path: String) -> [Entry] {
        guard let text = try? AtomicFile.text(path) else { return [] }
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
    }

    /// The last verb without an `end` entry, and the steps it started but did not finish; nil if the last verb ended.
    package static func unfinished(at path: String) -> (verb: String, pid: Int32, steps: [String])? {
        var open: (verb: String, pid: Int32, steps: [String])?
        for entry in entries(at: path) {
            switch entry.event {
            case .begin: open = (entry.verb, entry.pid, [])
            case .intent, .undo: open?.steps.append(entry.step)
            case .done, .failed, .undone: open?.steps.removeAll { $0 == entry.step }
            case .end: open = nil
            }
        }
        return open
    }
}
