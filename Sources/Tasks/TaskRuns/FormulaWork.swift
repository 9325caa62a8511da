import AtollCommands
package import AtollDirectives
import AtollInstances
package import AtollFormula
import AtollGuestAccess
import AtollModel
import AtollPlatform
package import AtollResults
import Foundation
import OrderedCollections

/// A formula's actions, one after the other: the executor.
///
/// Results come from what `python` and `xunit` return, from what any action exports, and from `taskotron/results.yml` among the
/// artifacts; those given to `resultsdb` replace them. A formula promises results where it hands them on: `resultsdb`, `exitcode`,
/// `create_report` given nothing, and `xunit` without its report, are `TaskError.noResults`. An empty list of results is no broken promise.
package struct FormulaWork: TaskWork {
    package var formula: Formula
    package var arguments: RunArguments
    package var directives: DirectiveSet
    package var packages: PackagePreparation
    /// Where it is told when the run breaks.
    package var reporting: ReportingOptions

    package init(
        formula: Formula, arguments: RunArguments, directives: DirectiveSet = .standard(),
        packages: PackagePreparation = PackagePreparation(), reporting: ReportingOptions
    ) {
        self.formula = formula
        self.arguments = arguments
        self.directives = directives
        self.packages = packages
        self.reporting = reporting
    }

    package var title: String { formula.name }
    package var localDirectory: String? { arguments.taskdir }
    package var subject: (item: String?, type: String?, checkname: String) {
        (arguments.item, arguments.type?.rawValue, formula.qualifiedName)
    }

    package func report(_ broken: CheckDetail, _ files: RunFiles, _ log: RunLog) async -> CheckDetail {
        let reports = formula.actions.contains { $0.directive == "resultsdb" }
        return await reporting.report(broken: broken, of: arguments, reports: reports, files, log)
    }

    package func check() throws {
        try FormulaCheck.check(formula, variables: arguments.variables(formula: formula, workdir: ""), directives: directives)
    }

    package func perform(_ session: RunSession) async throws -> Int32 {
        let file = session.taskDirectory + "/" + (arguments.task.split(separator: "/").last ?? "")
        var variables = arguments.variables(
            formula: formula, workdir: session.workDirectory, artifactsdir: session.artifactsDirectory, task: file)
        try FormulaCheck.check(formula, variables: variables, directives: directives)
        for warning in formula.warnings { session.warn("\(warning)") }
        if let text = try? AtomicFile.read(arguments.task) { try? AtomicFile.write(text, to: session.files.formula, mode: 0o644) }
        try await packages.prepare(formula.environment, session)
        try await makeOverriddenDirectories(variables, session)
        for action in formula.actions { try await run(action, &variables, session) }
        try await takeWritten(variables, session)
        return session.exitCode ?? 0
    }

    private func run(_ action: Formula.Action, _ variables: inout OrderedDictionary<String, Value>, _ session: RunSession) async throws {
        try Task.checkCancellation()
        let began = ContinuousClock.now
        let action = try Substitution(variables).apply(to: action, of: formula)
        let directive: any Directive
        do { directive = try directives.find(action.directive) } catch { throw Self.labelled(error, action.label) }
        let call = self.call(session, action.label, variables, action.timeout.map { .seconds($0) })
        session.log.debug("\(action.label): \(action.directive) begins")
        let value: Value
        do {
            value = try await Limited.run(call.timeout, "did not end within") { [parameters = action.parameters] in
                try await directive.process(parameters, in: call)
            }
        } catch { throw Self.labelled(error, action.label) }
        let seconds = began.duration(to: .now) / .seconds(1)
        session.log.info("\(action.label): done in \(seconds.formatted(.number.precision(.fractionLength(2)))) s")
        if case .string(let text) = value, directive.name != "resultsdb",
            action.export != nil || ["python", "xunit"].contains(directive.name)
        {
            TaskResults(call: call).takeIfResults(text)
        }
        if let export = action.export { variables[export] = value }
    }

    private func call(
        _ session: RunSession, _ label: String, _ variables: OrderedDictionary<String, Value>, _ timeout: Duration?
    ) -> DirectiveCall {
        DirectiveCall(
            session: session, label: label, variables: variables, checkname: formula.name, qualifiedCheckname: formula.qualifiedName,
            timeout: timeout, processed: arguments.processed(variables))
    }

    /// A directory that `--override` names need not exist.
    private func makeOverriddenDirectories(_ variables: OrderedDictionary<String, Value>, _ session: RunSession) async throws {
        let wanted = ["workdir", "artifactsdir"].filter { arguments.overrides[$0] != nil }.compactMap { variables[$0]?.text }
        guard !wanted.isEmpty else { return }
        let made = try await session.instance.capture(
            InstanceCommand(.arguments(["mkdir", "-p", "--"] + wanted), directory: session.taskDirectory))
        guard made.result.succeeded else {
            throw TaskError(
                .config,
                "\(wanted.joined(separator: " or ")) cannot be made on \(session.instance.name): \(GuestText.tail(made.errors, lines: 1))")
        }
        if arguments.overrides["artifactsdir"] != nil {
            session.warn(
                "artifactsdir is overridden: what the task puts there is not collected; the run's artifacts are in \(session.files.path)")
        }
    }

    /// Tasks of the later generation write their results into a file.
    private func takeWritten(_ variables: OrderedDictionary<String, Value>, _ session: RunSession) async throws {
        let path = session.artifactsDirectory + "/taskotron/results.yml"
        // A pipe that the task left in its place would be waited for without end.
        let reading = InstanceCommand(.arguments(["cat", "--", path]), silence: session.silence ?? .seconds(300))
        let found = try await session.instance.capture(reading, limit: 16 << 20)
        guard found.result.succeeded else { return }
        let details: [CheckDetail]
        do throws(ResultsError) {
            details = try ResultYAML.parse(String(decoding: found.output, as: UTF8.self), name: "taskotron/results.yml")
        } catch { throw TaskError(.directive, "the results that the task wrote cannot be read: \(error.message)") }
        session.take(TaskResults(call: call(session, "the task", variables, nil)).qualified(details))
    }

    /// The failure with the action it happened in.
    private static func labelled(_ error: any Error, _ label: String) -> any Error {
        func text(_ message: String) -> String { message.hasPrefix(label) ? message : "\(label): \(message)" }
        switch error {
        case let error as TaskError: return TaskError(error.code, text(error.message))
        case let error as DisposableError: return DisposableError(error.code, text(error.message))
        case let error as ResultsError: return TaskError(error, directive: label)
        default: return error
        }
    }
}
