import AtollCommands
import AtollPlatform
import Dispatch
import Testing

@Suite struct ToolTests {
    @Test func argumentsReachTheProgramUntouched() async throws {
        let text = try await Tool.run("printf", ["%s", "a $HOME `b` \"c\""])
        #expect(text == "a $HOME `b` \"c\"")
    }

    @Test func aFailureCarriesTheProgramsWords() async throws {
        let error = await #expect(throws: PlatformError.self) { try await Tool.run("ls", ["/no/such/place"]) }
        #expect(error?.code == .toolFailed)
        #expect(error?.message.contains("/no/such/place") == true)
    }

    @Test func aMissingProgramIsNamed() async throws {
        let error = await #expect(throws: PlatformError.self) { try await Tool.run("atoll-no-such-tool", []) }
        #expect(error?.code == .toolMissing)
    }
}

@Suite struct BlockingTests {
    private struct Overdue: Error {}

    @Test func aCallThatHangsIsGivenUpOn() async throws {
        let gate = DispatchSemaphore(value: 0)
        await #expect(throws: Overdue.self) {
            try await Blocking.run(limit: .milliseconds(50), overdue: { Overdue() }) { gate.wait() }
        }
        gate.signal()
        #expect(try await Blocking.run(limit: .seconds(60), overdue: { Overdue() }) { 7 } == 7)
    }
}
