import AtollInitFile
import AtollModel
import AtollTasks
import Glibc
import Synchronization

/// Shows what task runs write while they go on. One run alone: the task's output goes to ours as it is, byte for byte. Several at once: in
/// whole lines, each with its run before it. With `-f json`: one event per line.
final class TaskPrinter: Sendable {
    enum Style: Sendable { case plain, labelled(String), json(run: String) }

    private let console: Console
    private let style: Style
    private let rests = Mutex<[CommandStreamLabel: [UInt8]]>([:])

    init(console: Console, style: Style) {
        self.console = console
        self.style = style
    }

    func log(_ line: String) {
        // Results that are logged stay lines of their own: scripts look for them.
        let safe = SafeText.lines(line)
        switch style {
        case .labelled(let label):
            console.err(safe.split(separator: "\n", omittingEmptySubsequences: false).map { "\(label): \($0)" }.joined(separator: "\n"))
        default: console.err(safe)
        }
    }

    func output(_ stream: CommandStreamLabel, _ bytes: [UInt8]) {
        switch style {
        case .plain: console.write(bytes, to: stream == .output ? STDOUT_FILENO : STDERR_FILENO)
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
            let event: Value = [
                "event": "output", "run": .string(run), "stream": stream == .output ? "stdout" : "stderr", "text": .string(text),
            ]
            console.out(ValueJSON.render(event, indent: 0, sorted: true))
        }
    }
}
