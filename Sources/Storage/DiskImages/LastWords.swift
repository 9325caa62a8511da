import Synchronization

/// The last few lines of a program's output.
final class LastWords: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) {
        lines.withLock { lines in
            if line.contains(where: { !$0.isWhitespace }) { lines.append(line) }
            if lines.count > 5 { lines.removeFirst() }
        }
    }

    var text: String { lines.withLock { $0.joined(separator: "; ") } }
}
