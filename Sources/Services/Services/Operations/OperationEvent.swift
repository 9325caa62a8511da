package import AtollPlanning
package import Foundation

/// An event of an operation.
package struct OperationEvent: Sendable, Equatable, Codable {
    package var operation: OperationID
    /// Position in the operation's events, from 1.
    package var number: Int
    package var time: Date
    package var content: Content

    package enum Content: Sendable, Equatable, Codable {
        /// First event: the kind of the operation, such as `start`.
        case started(kind: String)
        case plan(PlanEvent)
        /// A warning or a remark, one or more lines.
        case note(String)
        /// Raw output of a task's commands.
        case output(run: String, isError: Bool, bytes: Data)
        /// A line of a run's log.
        case log(run: String, line: String)
        /// Events before this number were discarded, because the history is bounded.
        case dropped(count: Int)
        /// Last event.
        case finished(OperationEnding)
    }
}

/// How an operation ended.
package enum OperationEnding: Sendable, Equatable, Codable {
    case succeeded
    /// The error's text.
    case failed(String)
    case cancelled
}
