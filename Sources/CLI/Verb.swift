import ArgumentParser
import Dispatch

/// A verb of the command line. It gives its flags and what to do; everything around that is here.
protocol Verb: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func execute(_ session: Session) async throws
}

extension Verb {
    mutating func run() async throws {
        guard let runtime = Runtime.current else { throw UsageError("no runtime") }
        let session = try Session(verb: Self._commandName, global: global, runtime: runtime)
        let sources = session.watchSignals()
        defer { for source in sources { source.cancel() } }
        try await execute(session)
    }
}
