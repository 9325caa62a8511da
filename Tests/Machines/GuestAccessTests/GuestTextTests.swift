import AtollGuestAccess
import AtollTestSupport
import Testing

@Suite struct GuestTextTests {
    @Test(arguments: [
        ("plain é text\n", "plain é text\n"),
        ("\u{1b}[31mred\u{1b}[0m", "red"),
        ("\u{1b}]0;a title\u{07}after", "after"),
        ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
        ("\u{1b}(Bset", "set"),
        ("\u{1b}c\u{1b}7reset", "reset"),
        ("\u{9b}2Jcsi", "csi"),
        ("a\rb\r\nc\u{08}\u{07}\u{00}", "a\nb\nc"),
        ("\u{1b}]52;c;never ended\nnext line", "next line"),
        ("txt\u{202e}gpj", "txtgpj"),
        ("cut \u{1b}[3", "cut "),
    ])
    func nothingATerminalObeysIsLeft(_ raw: String, _ expected: String) {
        #expect(GuestText.printable(raw) == expected)
    }

    @Test func noControlCharacterSurvivesAnyInput() {
        var generator = SeededGenerator(seed: 11)
        print("seed \(generator.seed)")
        for _ in 0..<200 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = GuestText.printable(String(decoding: bytes, as: UTF8.self))
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) })
        }
    }

    @Test func theTailIsTheLastLinesThatSaySomething() {
        #expect(GuestText.tail("one\n\ntwo\r\n   \nthree\n", lines: 2) == "two\nthree")
        #expect(GuestText.tail("") == "")
    }
}
