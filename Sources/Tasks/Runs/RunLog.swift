import AtollPlatform
import Foundation
import Glibc
import Synchronization

/// The log of one run: everything into its file with full dates, what people want to see to the console with the time alone. Times are
/// UTC. Lines written before the file is there are kept and put into it then.
public final class RunLog: Sendable {
    public enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error, critical
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
        var word: String { "\(self)".uppercased() }
    }

    private struct State {
        var file: Int32 = -1
        var early: [String] = []
    }

    private let console: @Sendable (String) -> Void
    private let consoleLevel: Level
    /// The long form on the console too.
    private let isDetailed: Bool
    private let fileLevel: Level
    /// Replaced by asterisks wherever they would appear.
    private let secrets: [String]
    /// Before each line on the console: which of several runs it is.
    private let label: String
    private let state = Mutex(State())

    /// - Parameter console: takes one line for people.
    public init(
        consoleLevel: Level = .info, fileLevel: Level = .debug, isDetailed: Bool = false, label: String = "", secrets: [String] = [],
        console: @escaping @Sendable (String) -> Void
    ) {
        self.console = console
        self.consoleLevel = consoleLevel
        self.fileLevel = fileLevel
        self.isDetailed = isDetailed
        self.label = label
        self.secrets = secrets.filter { !$0.isEmpty }
    }

    /// Opens the file and writes into it what came before.
    public func open(_ path: String) throws {
        let file = try SystemCall.check("open \(path)") { Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
        state.withLock { state in
            state.file = file
            for line in state.early { Self.write(line, to: file) }
            state.early = []
        }
    }

    public func close() {
        state.withLock { state in
            if state.file >= 0 { Glibc.close(state.file) }
            state.file = -1
        }
    }

    public func debug(_ text: String, file: String = #fileID, line: Int = #line) { log(.debug, text, file, line) }
    public func info(_ text: String, file: String = #fileID, line: Int = #line) { log(.info, text, file, line) }
    public func warning(_ text: String, file: String = #fileID, line: Int = #line) { log(.warning, text, file, line) }
    public func error(_ text: String, file: String = #fileID, line: Int = #line) { log(.error, text, file, line) }
    public func critical(_ text: String, file: String = #fileID, line: Int = #line) { log(.critical, text, file, line) }

    /// `text` with every secret in it made unreadable.
    public func redacted(_ text: String) -> String { secrets.reduce(text) { $0.replacing($1, with: "********") } }

    private func log(_ level: Level, _ text: String, _ file: String, _ line: Int) {
        let now = Date()
        let text = redacted(text)
        let time = now.formatted(Self.time)
        let padded = level.word.padding(toLength: 9, withPad: " ", startingAt: 0)
        let place = file.split(separator: "/").last.map(String.init) ?? file
        let long = "[atoll:\(place):\(line)] \(now.formatted(Self.day)) \(time) \(padded)\(text)"
        if level >= consoleLevel { console(label + (isDetailed ? long : "[atoll] \(time) \(padded)\(text)")) }
        guard level >= fileLevel else { return }
        state.withLock { state in
            if state.file >= 0 { Self.write(long, to: state.file) } else if state.early.count < 1024 { state.early.append(long) }
        }
    }

    private static func write(_ line: String, to file: Int32) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }

    private static let time = Date.VerbatimFormatStyle(
        format: "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
        timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
    private static let day = Date.VerbatimFormatStyle(
        format: "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits)", timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
}
