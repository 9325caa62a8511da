import AtollDirectives
import Glibc
import Synchronization

/// Shows what task runs write while they go on. One run alone: the task's output goes to ours as it is, byte for byte. Several at once: in
/// whole lines, each of the tasks' and each message of ours with its run before it. With `-f json`: one event per line.
final class TaskPrinter: Sendable {
    enum Style: Sendable { case plain, labelled(String), json(run: String) }

    private let console: Console
    private let style: Style
    private let rests = Mutex<[CommandStreamLabel: [UInt8]]>([:])
    private let screen: Mutex<ScreenLine>

    init(console: Console, style: Style) {
        self.console = console
        self.style = style
        screen = Mutex(ScreenLine())
    }

    func log(_ line: String) {
        // Further lines of a message follow as they are, with nothing between them: scripts look for a line `results:`.
        let safe = SafeText.lines(line)
        switch style {
        case .labelled(let label): console.err("\(label): \(safe)")
        case .plain: screen.withLock { console.err(($0.end() ? "\n" : "") + safe) }
        case .json: console.err(safe)
        }
    }

    func output(_ stream: CommandStreamLabel, _ bytes: [UInt8]) {
        switch style {
        case .plain:
            let descriptor = stream == .output ? STDOUT_FILENO : STDERR_FILENO
            screen.withLock { screen in
                console.write(bytes, to: descriptor)
                screen.wrote(bytes, to: descriptor)
            }
        case .labelled, .json: lines(stream, bytes)
        }
    }

    /// What a last line without an end left.
    func finish() {
        let rests = rests.withLock { rests in
            defer { rests = [:] }
            return rests
        }
        for (stream, bytes) in rests where !bytes.isEmpty { show(stream, bytes) }
    }

    private func lines(_ stream: CommandStreamLabel, _ bytes: [UInt8]) {
        let whole = rests.withLock { rests -> [[UInt8]] in
            var pending = rests[stream] ?? []
            pending += bytes
            var lines: [[UInt8]] = []
            while let end = pending.firstIndex(of: 10) {
                lines.append(Array(pending[..<end]))
                pending.removeSubrange(...end)
            }
            // A line without end must not fill the memory.
            if pending.count > 1 << 16 {
                lines.append(pending)
                pending = []
            }
            rests[stream] = pending
            return lines
        }
        for line in whole { show(stream, line) }
    }

    private func show(_ stream: CommandStreamLabel, _ line: [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        switch style {
        case .plain: break
        case .labelled(let label):
            let safe = "\(label)| \(SafeText.line(text))"
            if stream == .output { console.out(safe) } else { console.err(safe) }
        case .json(let run):
            console.out(TaskEvents.line(TaskEvents.output(run: run, stream, text)))
        }
    }
}
