import ArgumentParser
import AtollResults

/// Called `taskotron_result` in tasks' shell scripts.
struct TaskotronResultVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "taskotron_result", abstract: "Add a result to a ResultYAML file.",
        discussion: """
            The file is made when it is not there. Several may write into one file at once.

            Example:
              taskotron_result -f results.yml -i foo-1.2-3.fc99 -t koji_build -o PASSED -c mycheck -n 'all is well'
            """, shouldDisplay: false)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: .customLong("file"), help: "The file.", completion: .file()) var file: String
    @Option(name: [.customShort("i"), .customLong("item")], help: "The item under test.") var item: String
    @Option(name: [.customShort("t"), .customLong("report_type")], help: "Its type, such as koji_build.") var type: String
    @Option(name: [.customShort("o"), .customLong("outcome")], help: "PASSED, INFO, FAILED, NEEDS_INSPECTION, ABORTED or CRASHED.")
    var outcome: String
    @Option(name: [.customShort("n"), .customLong("note")], help: "One short line.") var note = ""
    @Option(name: [.customShort("k"), .customLong("keyval")], help: "KEY=VALUE of further data; may be repeated.") var keyvals: [String] =
        []
    @Option(name: [.customShort("c"), .customLong("checkname")], help: "The check, without its namespace.") var checkname: String?
    @Option(name: [.customShort("a"), .customLong("artifact")], help: "A file below the artifacts directory.") var artifact: String?

    func execute(_ session: Session) async throws {
        let detail = try ResultFile.detail(
            item: item, type: type, outcome: outcome, note: note, keyvals: keyvals, checkname: checkname, artifact: artifact)
        let (_, warnings) = try await ResultFile.append(detail, to: session.absolute(file))
        for warning in warnings { session.console.err("warning: \(warning)") }
    }
}
