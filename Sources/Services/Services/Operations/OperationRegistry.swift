import AtollModel
import AtollPlanning
import AtollTaskRuns

/// Starts operations and finds them again. Keeps running operations and a bounded number of finished ones, in memory.
package actor OperationRegistry {
    private struct Entry {
        var scope: OperationScope
        var key: String?
        var request: any (Equatable & Sendable)
        /// The `Operation` with its result type.
        var operation: any Sendable
        var state: @Sendable () -> OperationStatus.State
        var cancel: @Sendable () -> Void
    }

    private let limits: OperationLimits
    /// In order of their start.
    private var entries: [Entry] = []

    package init(limits: OperationLimits = OperationLimits()) { self.limits = limits }

    /// Starts an operation, or returns the one that was started with the same key.
    /// - Parameter kind: what it does, such as `start`.
    /// - Parameter request: compared with that of an earlier operation with the same key.
    /// - Throws: `OperationError.conflict` when the key belongs to another request.
    package func start<Request: Equatable & Sendable, Result: Sendable>(
        _ kind: String, _ request: Request, call: OperationCall = OperationCall(),
        _ body: @escaping @Sendable (OperationScope) async throws -> Result
    ) throws(OperationError) -> Operation<Result> {
        if let key = call.key, let entry = entries.first(where: { $0.key == key }) {
            guard entry.scope.kind == kind, entry.request as? Request == request, let operation = entry.operation as? Operation<Result>
            else {
                throw OperationError(
                    .conflict, "idempotency key '\(key)': operation '\(entry.scope.id)' has the same key and another request")
            }
            return operation
        }
        evict()
        let id = OperationID()
        let scope = OperationScope(
            id, kind: kind, stop: call.stop, log: OperationLog(id, limits: limits), observer: call.observer)
        scope.report(.started(kind: kind))
        let operation = Operation(id: id, scope: scope, task: Self.run(scope, body))
        entries.append(
            Entry(
                scope: scope, key: call.key, request: request, operation: operation,
                state: { scope.log.ending.map { .finished($0) } ?? .running },
                cancel: { operation.cancel() }))
        return operation
    }

    /// Requests the end of an operation, as `Operation.cancel`. No-op if it has ended.
    /// - Throws: `OperationError.unknown`.
    package func cancel(_ id: OperationID) throws(OperationError) { try entry(id).cancel() }

    /// The events of an operation after a number; all that are kept by default.
    /// - Throws: `OperationError.unknown`.
    package func events(of id: OperationID, after number: Int = 0) throws(OperationError) -> OperationEvents {
        OperationEvents(log: try entry(id).scope.log, number: number)
    }

    /// Running operations and the finished ones that are kept, in order of their start.
    package func list() -> [OperationStatus] {
        entries.map { OperationStatus(id: $0.scope.id, kind: $0.scope.kind, key: $0.key, state: $0.state()) }
    }

    private func entry(_ id: OperationID) throws(OperationError) -> Entry {
        guard let entry = entries.first(where: { $0.scope.id == id }) else {
            throw OperationError(.unknown, "unknown operation '\(id)'")
        }
        return entry
    }

    /// Forgets the oldest finished operations, so that one more fits.
    private func evict() {
        var surplus = entries.count { $0.scope.log.ending != nil } - limits.finished
        guard surplus > 0 else { return }
        entries.removeAll { entry in
            guard surplus > 0, entry.scope.log.ending != nil else { return false }
            surplus -= 1
            return true
        }
    }

    private static func run<Result: Sendable>(
        _ scope: OperationScope, _ body: @escaping @Sendable (OperationScope) async throws -> Result
    ) -> Task<Result, any Error> {
        Task {
            do {
                let value = try await body(scope)
                scope.report(.finished(.succeeded))
                return value
            } catch {
                let isCancelled = error is CancellationError || scope.stop.gently.signal != nil
                scope.report(.finished(isCancelled ? .cancelled : .failed("\(error)")))
                throw error
            }
        }
    }
}

/// An operation as a registry lists it.
package struct OperationStatus: Sendable, Equatable, Codable {
    package enum State: Sendable, Equatable, Codable {
        case running
        case finished(OperationEnding)
    }
    package var id: OperationID
    package var kind: String
    /// The caller's idempotency key.
    package var key: String?
    package var state: State
}

/// A request that a registry refuses.
package struct OperationError: UserFacingError, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No such operation, or it ended long ago.
        case unknown
        /// The idempotency key belongs to another request.
        case conflict
    }
    package var code: Code
    package var description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
