import AtollModel
import Testing

@Suite struct DiagnosticTests {
    private let map = SourceMap(
        file: "f.yaml",
        positions: [.keys("domains", "a"): SourcePosition(line: 3, column: 2), FieldPath(): SourcePosition(line: 1, column: 1)])

    @Test func aFieldWithoutAPositionUsesItsParents() {
        let found = Diagnostic(.error, at: .keys("domains", "a", "memory"), in: map, "must be a number")
        #expect(found.description == "f.yaml:3:2: domains.a.memory: must be a number")
    }

    @Test func messagesAreOneLineWithoutControlCharacters() {
        let found = Diagnostic(.warning, at: FieldPath(), in: map, "unknown net \u{1B}[31mx\u{7}\tand\nmore")
        #expect(found.description == "f.yaml:1:1: warning: unknown net \\u{1B}[31mx\\u{07}\\tand more")
    }
}
