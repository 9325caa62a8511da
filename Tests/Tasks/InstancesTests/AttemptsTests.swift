import Synchronization
import Testing

@testable import AtollInstances

@Suite final class AttemptsTests: Sendable {
    private let tries = Mutex(0)
    private let cleaned = Mutex(0)

    private func run(failing: Int, with code: DisposableError.Code = .boot, limit: Int = 3) async throws {
        try await Attempts.run(limit, note: { _ in }, cleanUp: { cleaned.withLock { $0 += 1 } }) {
            let number = tries.withLock { tries in
                tries += 1
                return tries
            }
            if number <= failing { throw DisposableError(code, "attempt \(number)") }
        }
    }

    @Test("check 72: two boots that fail and a third that does not are a success") func third() async throws {
        try await run(failing: 2)
        #expect(tries.withLock { $0 } == 3)
        #expect(cleaned.withLock { $0 } == 2)
    }

    @Test("check 72: three boots that fail are the end, with the last one's reason") func exhausted() async throws {
        let error = await #expect(throws: DisposableError.self) { try await run(failing: 9) }
        #expect(error?.message == "attempt 3")
        #expect(cleaned.withLock { $0 } == 2)
    }

    @Test("check 72: an image that is not there is not tried again") func image() async throws {
        await #expect(throws: DisposableError.self) { try await run(failing: 9, with: .image) }
        #expect(tries.withLock { $0 } == 1)
    }
}
