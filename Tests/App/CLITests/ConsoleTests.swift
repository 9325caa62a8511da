import Glibc
import Testing

@testable import AtollCLI

@Suite struct ConsoleTests {
    @Test func aPipeWhoseReaderWentAwayIsSeen() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[1]) }
        #expect(!Console.isAbandoned(ends[1]))
        close(ends[0])
        #expect(Console.isAbandoned(ends[1]))
        #expect(!Console.isAbandoned(-1))
    }
}
