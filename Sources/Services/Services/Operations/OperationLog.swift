import Foundation
import Synchronization

/// The events of one operation, bounded; readers wait for new ones and may start at any number.
final class OperationLog: Sendable {
    private struct State {
        var events: [OperationEvent] = []
        var last = 0
        var bytes = 0
        var isEnded = false
        var readers: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextReader = 0
    }

    private enum Found {
        case event(OperationEvent)
        case none
        case ended
    }

    private let operation: OperationID
    private let limits: OperationLimits
    private let state = Mutex(State())

    init(_ operation: OperationID, limits: OperationLimits) {
        self.operation = operation
        self.limits = limits
    }

    /// How the operation ended; nil while it runs.
    var ending: OperationEnding? {
        state.withLock { if case .finished(let ending) = $0.events.last?.content { ending } else { nil } }
    }

    /// Adds an event and wakes the readers. No-op after the last event.
    /// - Returns: the event with its number, or nil after the end.
    @discardableResult
    func append(_ content: OperationEvent.Content) -> OperationEvent? {
        let (event, readers) = state.withLock { state -> (OperationEvent?, [CheckedContinuation<Void, Never>]) in
            guard !state.isEnded else { return (nil, []) }
            state.last += 1
            let event = OperationEvent(operation: operation, number: state.last, time: Date(), content: content)
            state.events.append(event)
            state.bytes += content.size
            if case .finished = content { state.isEnded = true }
            trim(&state)
            let readers = Array(state.readers.values)
            state.readers = [:]
            return (event, readers)
        }
        for reader in readers { reader.resume() }
        return event
    }

    /// The first event after a number; waits for it. nil after the last event, or if the reader's task is cancelled.
    func next(after number: Int) async -> OperationEvent? {
        while !Task.isCancelled {
            switch state.withLock({ Self.find($0, after: number, operation) }) {
            case .event(let event): return event
            case .ended: return nil
            case .none: await wait(after: number)
            }
        }
        return nil
    }

    private static func find(_ state: State, after number: Int, _ operation: OperationID) -> Found {
        guard state.last > number, let first = state.events.first else { return state.isEnded ? .ended : .none }
        let missing = first.number - 1 - max(0, number)
        guard missing <= 0 else {
            return .event(
                OperationEvent(operation: operation, number: first.number - 1, time: first.time, content: .dropped(count: missing)))
        }
        return .event(state.events[max(0, number) - (first.number - 1)])
    }

    private func wait(after number: Int) async {
        let reader = state.withLock { state -> Int in
            state.nextReader += 1
            return state.nextReader
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state -> Bool in
                    // Cancellation sets the flag before the handler takes this lock, so one of the two sees the other.
                    guard state.last <= number, !state.isEnded, !Task.isCancelled else { return true }
                    state.readers[reader] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.readers.removeValue(forKey: reader) }?.resume()
        }
    }

    /// Discards the oldest quarter when a limit is passed; the newest event always stays.
    private func trim(_ state: inout State) {
        guard state.events.count > limits.events || state.bytes > limits.bytes else { return }
        let target = (events: limits.events * 3 / 4, bytes: limits.bytes * 3 / 4)
        var count = 0
        while count < state.events.count - 1, state.events.count - count > target.events || state.bytes > target.bytes {
            state.bytes -= state.events[count].content.size
            count += 1
        }
        state.events.removeFirst(count)
    }
}

/// Bounds of what a registry keeps in memory.
package struct OperationLimits: Sendable, Equatable {
    /// Events of one operation.
    package var events = 10_000
    /// Bytes of text and output of one operation.
    package var bytes = 4 << 20
    /// Finished operations.
    package var finished = 100

    package init() {}
}

extension OperationEvent.Content {
    /// Approximate bytes of text and output.
    fileprivate var size: Int {
        switch self {
        case .output(_, _, let bytes): bytes.count
        case .note(let text), .log(_, let text): text.utf8.count
        case .started, .plan, .dropped, .finished: 100
        }
    }
}

/// The events of an operation from a number on: first those that were kept, then new ones as they arrive. Ends with the operation.
package struct OperationEvents: AsyncSequence, Sendable {
    package typealias Element = OperationEvent
    package typealias Failure = Never

    let log: OperationLog
    let number: Int

    package func makeAsyncIterator() -> Iterator { Iterator(log: log, number: number) }

    package struct Iterator: AsyncIteratorProtocol, Sendable {
        package typealias Failure = Never

        let log: OperationLog
        var number: Int

        package mutating func next() async -> OperationEvent? {
            guard let event = await log.next(after: number) else { return nil }
            number = event.number
            return event
        }
    }
}
