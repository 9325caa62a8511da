import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

@testable import AtollDirectives
@testable import AtollTaskRuns

/// What several runs write to, and what is kept out of what tasks write.
@Suite struct CommonLogTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace("atoll-log") }

    @Test("the log of all runs: what each run's log has, from a line of # on, in whole lines") func commonLog() throws {
        let path = workspace.path + "/taskotron-me.log"
        for run in ["r1", "r2"] {
            let log = RunLog(common: (log: try CommonLog(path: path), run: run)) { _ in }
            log.debug("early")
            try log.open(workspace.path + "/\(run).log")
            log.info("two\nlines")
            log.close()
        }
        let lines = try AtomicFile.text(path).split(separator: "\n").map(String.init)
        let rule = String(repeating: "#", count: 120)
        #expect(lines.count == 8 && lines[0] == rule && lines[4] == rule)
        #expect(lines[1].hasSuffix(" DEBUG    r1: early") && lines[6].hasSuffix(" INFO     r2: two") && lines[7] == "lines")
        let error = #expect(throws: TaskError.self) { try CommonLog(path: workspace.path) }
        #expect(error?.code == .config && error?.message.contains("set logdir") == true)
    }

    @Test("the log of all runs: several write it at once, and no line is broken") func commonLogAtOnce() async throws {
        let path = workspace.path + "/all.log"
        let texts = (0..<4).map { String(repeating: "\($0)", count: 3000) }
        let logs = try texts.map { _ in try CommonLog(path: path) }
        await withTaskGroup(of: Void.self) { group in
            for (log, text) in zip(logs, texts) { group.addTask { for _ in 0..<50 { log.write([text]) } } }
        }
        let lines = try AtomicFile.text(path).split(separator: "\n").map(String.init)
        #expect(lines.count == 200 && Set(lines) == Set(texts))
    }

    @Test("secrets are masked in a stream wherever it is cut, and nothing else is changed or lost") func streams() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let secrets = ["hunter2", "hunt", "2abc", "aab"]
        for _ in 0..<300 {
            let text = (0..<40).map { _ in
                ["h", "hu", "hunter2", "hunt", "a", "b", "2abc", "\u{e9}", "x"].randomElement(using: &random) ?? ""
            }.joined()
            let bytes = Array(text.utf8) + [0xFF, 0]
            var whole = StreamRedactor(secrets)
            let expected = whole.take(bytes) + whole.finish()
            var pieces = StreamRedactor(secrets)
            var shown: [UInt8] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(9, rest.count), using: &random)
                shown += pieces.take(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            shown += pieces.finish()
            #expect(shown == expected, "seed \(seed): \(text)")
            let result = String(decoding: shown, as: UTF8.self)
            #expect(
                !result.contains("hunt") && result.contains("********") == secrets.contains { text.contains($0) }, "seed \(seed): \(text)")
        }
        var none = StreamRedactor([])
        #expect(none.take([0, 255]) == [0, 255])
        var waits = StreamRedactor(["hunter2"])
        #expect(waits.take(Array("a hun".utf8)) == Array("a ".utf8) && waits.finish() == Array("hun".utf8))
    }
}
