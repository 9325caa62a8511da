import ArgumentParser
import AtollDoctor
import AtollModel

struct DoctorVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check this host, and say how to mend what is wrong.",
        discussion: """
            Exit 2 when something keeps environments from running.

            Examples:
              atoll doctor
              atoll -f json doctor
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws {
        let findings = await session.runtime.examine(session.options)
        if session.format == .json {
            session.show(.list(findings.map(\.document)))
        } else {
            for finding in findings { session.console.out(finding.text) }
        }
        if findings.contains(where: { $0.severity == .failure }) { throw VerbExit(code: 2) }
    }
}
