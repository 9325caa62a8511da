import AtollDisposable
public import AtollFormula
public import AtollModel
public import AtollResults

/// A formula that cannot be used, as a run: whoever waits for results about its item hears that it broke. Its name is what can be read of
/// it, else its file's.
public struct BrokenFormula: TaskWork {
    public var problems: InvalidInput
    public var arguments: RunArguments
    public var heading: Formula.Heading
    public var reporting: ReportingOptions

    public init(_ problems: InvalidInput, arguments: RunArguments, reporting: ReportingOptions) {
        self.problems = problems
        self.arguments = arguments
        self.reporting = reporting
        heading = Formula.Heading(of: arguments.task)
    }

    public var title: String { heading.name }
    public var localDirectory: String? { nil }
    public var subject: (item: String?, type: String?, checkname: String) {
        (arguments.item, arguments.type?.rawValue, "\(heading.namespace).\(heading.name)")
    }

    public func check() throws { throw problems }
    public func perform(_ session: RunSession) async throws -> Int32 { throw problems }

    public func report(_ broken: CheckDetail, _ files: RunFiles, _ log: RunLog) async -> CheckDetail {
        await reporting.report(broken: broken, of: arguments, reports: heading.reports, files, log)
    }
}
