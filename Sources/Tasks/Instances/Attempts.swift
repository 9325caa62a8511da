/// Tries again what a second attempt may mend: a VM that did not come up. Images that are not there are not.
enum Attempts {
    /// - Parameters:
    ///   - limit: attempts in all, at least one.
    ///   - cleanUp: takes away what a failed attempt left; when it fails, that is the end.
    static func run(
        _ limit: Int, note: (String) -> Void, cleanUp: () async throws -> Void, _ body: () async throws -> Void
    ) async throws {
        for attempt in 1...max(1, limit) {
            do { return try await body() } catch let error as DisposableError where error.code == .boot && attempt < limit {
                note("attempt \(attempt) of \(limit) failed: \(error.message)")
                try await cleanUp()
                try Task.checkCancellation()
            }
        }
    }
}
