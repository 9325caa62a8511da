package import AtollDirectives
import AtollInstances
package import AtollFormula
package import AtollModel
package import AtollResults

/// A formula that cannot be used, as a run: whoever waits for results about its item hears that it broke. Its name is what can be read of
/// it, else its file's.
package struct BrokenFormula: TaskWork {
    package var problems: InvalidInput
    package var arguments: RunArguments
    package var heading: Formula.Heading
    package var reporting: ReportingOptions

    package init(_ problems: InvalidInput, arguments: RunArguments, reporting: ReportingOptions) {
        self.problems = problems
        self.arguments = arguments
        self.reporting = reporting
        heading = Formula.Heading(of: arguments.task)
    }

    package var title: String { heading.name }
    package var localDirectory: String? { nil }
    package var subject: (item: String?, type: String?, checkname: String) {
        (arguments.item, arguments.type?.rawValue, "\(heading.namespace).\(heading.name)")
    }

    package func check() throws { throw problems }
    package func perform(_ session: RunSession) async throws -> Int32 { throw problems }

    package func report(_ broken: CheckDetail, _ files: RunFiles, _ log: RunLog) async -> CheckDetail {
        await reporting.report(broken: broken, of: arguments, reports: heading.reports, files, log)
    }
}
