import AtollDocuments
import ArgumentParser
import AtollPlanning
import Dispatch

/// A verb of the command line. It gives its flags and what to do; everything around that is here.
protocol Verb: AsyncParsableCommand, Sendable {
    var global: GlobalOptions { get }
    /// Whether `-f json` prints events, one per line and a last one with the result, rather than one document.
    var printsEvents: Bool { get }
    func execute(_ session: Session) async throws
}

/// A verb that only looks, or whose output is somebody else's.
protocol QueryVerb: Verb {}

extension QueryVerb {
    var printsEvents: Bool { false }
}

extension Verb {
    var printsEvents: Bool { true }

    mutating func run() async throws {
        guard let runtime = Runtime.current else { throw UsageError("no runtime") }
        let session = try Session(verb: Self.fullName, global: global, runtime: runtime)
        let verb = self
        let work = Task { try await verb.execute(session) }
        let sources = self is any TaskVerb ? session.watchTaskSignals() : session.watchSignals(cancel: { work.cancel() })
        defer { for source in sources { source.cancel() } }
        do { try await work.value } catch {
            let ending = Self.ending(error, session.interruption.signal)
            if printsEvents, session.format == .json, !(ending is VerbExit) {
                session.console.out(ValueJSON.render(Ending.event(of: ending, verb: session.verb), indent: 0, sorted: true))
            }
            throw ending
        }
        if let problem = session.console.outputProblem { throw UsageError("standard output could not be written: \(problem)") }
    }

    /// `start`, `template build`.
    private static var fullName: String {
        let noun = AtollCommand.nouns.values.first { $0.configuration.subcommands.contains { $0 == Self.self } }
        return (noun.map { $0._commandName + " " } ?? "") + _commandName
    }

    /// Whatever a cancelled verb tripped over, the signal is why it ended; a plan says more.
    private static func ending(_ error: any Error, _ signal: Int32?) -> any Error {
        guard let signal, !(error is PlanFailure), !(error is VerbExit) else { return error }
        return Interrupted(signal: signal)
    }
}
