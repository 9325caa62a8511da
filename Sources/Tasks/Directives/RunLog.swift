import AtollPlatform
import Foundation
import Glibc
import Synchronization

/// The log of one run: everything into its file with full dates, what people want to see to the console with the time alone. Times are
/// UTC. Lines written before the file is there are kept and put into it then.
package final class RunLog: Sendable {
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error, critical
        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
        var word: String { "\(self)".uppercased() }
    }

    /// What stands in a secret's place.
    package static let mask = "********"

    private struct State {
        var file: Int32 = -1
        var early: [Line] = []
        var warnings: [String] = []
        var moreWarnings = 0
    }

    /// `head` ends where the message begins.
    private struct Line {
        var head: String
        var text: String
    }

    private let console: @Sendable (String) -> Void
    private let consoleLevel: Level
    /// The long form on the console too.
    private let isDetailed: Bool
    private let fileLevel: Level
    /// Replaced by asterisks wherever they would appear; the longest first, for one may be part of another.
    package let secrets: [String]
    private let common: (log: CommonLog, run: String)?
    /// Before each line on the console: which of several runs it is.
    private let label: String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - common: the log of all runs, which gets what the file gets, and what this one is called there.
    ///   - console: takes one line for people.
    package init(
        consoleLevel: Level = .info, fileLevel: Level = .debug, isDetailed: Bool = false, label: String = "", secrets: [String] = [],
        common: (log: CommonLog, run: String)? = nil, console: @escaping @Sendable (String) -> Void
    ) {
        self.console = console
        self.consoleLevel = consoleLevel
        self.fileLevel = fileLevel
        self.isDetailed = isDetailed
        self.label = label
        self.secrets = Set(secrets).filter { !$0.isEmpty }.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
        self.common = common
    }

    /// Opens the file and writes into it what came before.
    package func open(_ path: String) throws {
        let file = try SystemCall.check("open \(path)") { Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
        state.withLock { state in
            state.file = file
            common?.log.write([CommonLog.rule] + state.early.map(named))
            for line in state.early { Self.write(line, to: file) }
            state.early = []
        }
    }

    package func close() {
        state.withLock { state in
            if state.file >= 0 { Glibc.close(state.file) }
            state.file = -1
        }
    }

    package func debug(_ text: String, file: String = #fileID, line: Int = #line) { log(.debug, text, file, line) }
    package func info(_ text: String, file: String = #fileID, line: Int = #line) { log(.info, text, file, line) }
    package func warning(_ text: String, file: String = #fileID, line: Int = #line) { log(.warning, text, file, line) }
    package func error(_ text: String, file: String = #fileID, line: Int = #line) { log(.error, text, file, line) }
    package func critical(_ text: String, file: String = #fileID, line: Int = #line) { log(.critical, text, file, line) }

    /// A warning that people were shown before there was this log: for the file alone.
    package func recall(warning text: String, file: String = #fileID, line: Int = #line) { log(.warning, text, file, line, isShown: false) }

    /// What was warned about so far, the first hundred of it.
    package var warnings: [String] {
        state.withLock { $0.warnings + ($0.moreWarnings > 0 ? ["and \($0.moreWarnings) more warnings; they are in the log"] : []) }
    }

    /// `text` with every secret in it made unreadable.
    package func redacted(_ text: String) -> String { secrets.reduce(text) { $0.replacing($1, with: Self.mask) } }

    private func log(_ level: Level, _ text: String, _ file: String, _ line: Int, isShown: Bool = true) {
        let now = Date()
        let text = redacted(text)
        let time = now.formatted(Self.time)
        let padded = level.word.padding(toLength: 9, withPad: " ", startingAt: 0)
        let place = file.split(separator: "/").last.map(String.init) ?? file
        let long = Line(head: "[atoll:\(place):\(line)] \(now.formatted(Self.day)) \(time) \(padded)", text: text)
        if isShown, level >= consoleLevel { console(label + (isDetailed ? long.head + text : "[atoll] \(time) \(padded)\(text)")) }
        state.withLock { state in
            if level == .warning {
                if state.warnings.count < 100 { state.warnings.append(text) } else { state.moreWarnings += 1 }
            }
            guard level >= fileLevel else { return }
            if state.file >= 0 {
                Self.write(long, to: state.file)
                common?.log.write([named(long)])
            } else if state.early.count < 1024 {
                state.early.append(long)
            }
        }
    }

    /// As the log of all runs has it.
    private func named(_ line: Line) -> String { "\(line.head)\(common?.run ?? ""): \(line.text)" }

    private static func write(_ line: Line, to file: Int32) {
        let bytes = Array((line.head + line.text + "\n").utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }

    private static let time = Date.VerbatimFormatStyle(
        format: "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
        timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
    private static let day = Date.VerbatimFormatStyle(
        format: "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits)", timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
}
