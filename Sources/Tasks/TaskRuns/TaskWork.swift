package import AtollDirectives
import AtollCommands
import AtollInstances
package import AtollResults
import OrderedCollections

/// What a run does once its machine answers: a formula's actions, or one command.
package protocol TaskWork: Sendable {
    /// A few words: `size-check`, `./test.sh`.
    var title: String { get }
    /// The local directory with the task's files; nil when there are none to bring.
    var localDirectory: String? { get }
    /// Whether it can be done as far as that is known; asked before a machine is made.
    /// - Throws: what is wrong with it.
    func check() throws
    /// Does it.
    /// - Returns: the run's exit code when nothing broke.
    func perform(_ session: RunSession) async throws -> Int32
    /// What results are about when the work breaks: item, type, check name; nil item when it is about none.
    var subject: (item: String?, type: String?, checkname: String) { get }
    /// Tells of a run that broke and reported nothing, where its results would have been reported. What goes wrong with that is logged.
    /// - Returns: the result with what it got there, an id for example.
    func report(_ broken: CheckDetail, _ files: RunFiles, _ log: RunLog) async -> CheckDetail
}

extension TaskWork {
    package func report(_ broken: CheckDetail, _ files: RunFiles, _ log: RunLog) async -> CheckDetail { broken }
}

/// One command, whose exit code is the run's.
package struct CommandWork: TaskWork {
    package var arguments: [String]
    package var localDirectory: String?
    /// Seconds for the command.
    package var timeout: Duration?

    package init(_ arguments: [String], localDirectory: String?, timeout: Duration? = nil) {
        self.arguments = arguments
        self.localDirectory = localDirectory
        self.timeout = timeout
    }

    package var title: String { ShellWord.joined(arguments) }
    /// A command has one result, so that reports of it say how it ended.
    package var subject: (item: String?, type: String?, checkname: String) { (String(title.prefix(200)), "command", "run") }

    /// Whether there is such a command only its machine knows.
    package func check() {}

    package func perform(_ session: RunSession) async throws -> Int32 {
        let call = DirectiveCall(
            session: session, label: "the command", variables: [:], checkname: subject.checkname, qualifiedCheckname: subject.checkname,
            timeout: timeout)
        let result = try await session.run(call.command(.arguments(arguments)))
        session.take([
            CheckDetail(
                item: subject.item ?? "", type: subject.type, outcome: result.succeeded ? .passed : .failed,
                note: "exit code \(result.code)\(result.signal.map { " (signal \($0))" } ?? "")", checkname: subject.checkname)
        ])
        return result.code
    }
}
