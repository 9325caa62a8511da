import AtollInstances
package import AtollModel
import AtollPlatform
import AtollResults
import OrderedCollections

/// `create_report`: results as a page of HTML among the run's artifacts. It is made on this host: a task's machine need not know how.
package struct CreateReportDirective: Directive {
    package let name = "create_report"
    private static let parameters = DirectiveParameters.Names(optional: ["artifactsdir", "path", "template"], oneOf: ["results", "file"])

    package func check(_ parameters: Value) throws { try DirectiveParameters.check(parameters, of: name, Self.parameters) }

    package func process(_ parameters: Value, in call: DirectiveCall) async throws -> Value {
        let parameters = try DirectiveParameters(parameters, of: name, Self.parameters)
        let results = TaskResults(call: call)
        let text = try await results.text(parameters)
        let path = try place(parameters, results)
        var options = HTMLReport.Options(title: call.checkname, artifactsDirectory: call.session.files.path, path: path)
        if let template = try parameters.text("template") {
            do { options.template = String(decoding: try await call.instance.read(call.absolute(template)), as: UTF8.self) } catch let error
                as DisposableError where error.code == .copy
            {
                throw parameters.problem("cannot read the template: \(error.message)")
            }
        }
        let details: [CheckDetail]
        do throws(ResultsError) { details = try ResultYAML.parse(text) } catch {
            throw parameters.problem("cannot read the results: \(error.message)")
        }
        let page: String
        do throws(ResultsError) {
            page = try HTMLReport.render(
                details.map { detail in
                    var detail = detail
                    detail.checkname = detail.checkname ?? call.checkname
                    detail.artifact = detail.artifact.map(results.relativeArtifact)
                    return detail
                }, options: options)
        } catch { throw TaskError(error, directive: name) }
        let file = call.session.files.path + "/" + path
        do {
            try Directories.make(String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]))
            try AtomicFile.write(page, to: file, mode: 0o644)
        } catch { throw parameters.problem("cannot write \(path): \(error)") }
        call.log.debug("\(call.label): the report is \(file)")
        return .null
    }

    /// Where the page goes, below the run's artifacts. Links that lead out of them are followed nowhere.
    private func place(_ parameters: DirectiveParameters, _ results: TaskResults) throws -> String {
        let (files, base) = (results.call.session.files, "/artifacts")
        var start = base
        if let directory = try parameters.text("artifactsdir"),
            ![results.call.session.artifactsDirectory, files.path, results.call.variables["artifactsdir"]?.text].contains(directory)
        {
            let relative = results.relativeArtifact(directory)
            guard !relative.hasPrefix("/") else {
                throw parameters.problem("takes the run's ${artifactsdir} or a directory in it as artifactsdir, not \(directory)")
            }
            start = Directories.absolute(relative, relativeTo: base)
        }
        var wanted = try parameters.text("path") ?? "report.html"
        if wanted.hasPrefix("/") { wanted = results.relativeArtifact(wanted) }
        guard let path = ArtifactPath.relative(Directories.absolute(wanted, relativeTo: start), to: base) else {
            throw parameters.problem("writes below the artifacts alone, and \(wanted) is not there")
        }
        guard !path.hasPrefix("taskotron/") else { throw parameters.problem("leaves taskotron/ among the artifacts to the runner") }
        let real = Directories.realAncestor(files.path + "/" + path)
        guard ArtifactPath.relative(real, to: Directories.real(files.path)) != nil else {
            throw parameters.problem("writes below the artifacts alone, and \(wanted) leads to \(real)")
        }
        return path
    }
}
