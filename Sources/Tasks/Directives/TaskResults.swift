import AtollInstances
package import AtollModel
package import AtollResults
import OrderedCollections

/// Results on their way from a task's machine into the run: every result gets a check name with the formula's namespace, and the
/// artifacts that it names become paths below the run's own artifacts.
package struct TaskResults {
    package let call: DirectiveCall

    package init(call: DirectiveCall) { self.call = call }

    /// ResultYAML from the parameters `results` (text) or `file` (in the task's machine), of which one is given.
    package func text(_ parameters: DirectiveParameters) async throws -> String {
        let (name, value) = parameters.given(["results", "file"])
        guard name == "file" else { return try Self.text(value, name, parameters) }
        let file = try parameters.required("file")
        do { return String(decoding: try await call.instance.read(call.absolute(file)), as: UTF8.self) } catch let error as DisposableError
            where error.code == .copy
        {
            throw parameters.problem("failed to load results: \(error.message)")
        }
    }

    /// The text of a parameter that holds results. An action that exported nothing has left null there.
    package static func text(_ value: Value, _ name: String, _ parameters: DirectiveParameters) throws -> String {
        switch value {
        case .string(let text): return text
        case .null:
            throw parameters.problem("was given nothing as \(name): the action that should have made the results returned none", .noResults)
        default: throw parameters.problem("takes ResultYAML text as \(name), not \(value.kind)")
        }
    }

    /// The results as the run keeps them.
    package func qualified(_ details: [CheckDetail]) -> [CheckDetail] {
        let namespace = call.namespace.map { $0 + "." } ?? ""
        return details.map { detail in
            var detail = detail
            let name = detail.checkname ?? call.checkname
            detail.checkname = name.hasPrefix(namespace) ? name : namespace + name
            detail.artifact = detail.artifact.map(relativeArtifact)
            return detail
        }
    }

    /// A path in the machine's artifacts directory, below it: the same file lies elsewhere on this host. Others stay as they are.
    package func relativeArtifact(_ path: String) -> String {
        guard path.hasPrefix("/") else { return path }
        return ArtifactPath.relative(path, to: call.session.artifactsDirectory) ?? ArtifactPath.relative(path, to: call.session.files.path)
            ?? path
    }

    /// Hands results to the run when `text` is ResultYAML; other text is the task's own business, unless it tried.
    package func takeIfResults(_ text: String) {
        do { call.session.take(qualified(try ResultYAML.parse(text))) } catch {
            guard text.hasPrefix("results:") || text.contains("\nresults:") else { return }
            call.session.warn("\(call.label): what it returned looks like results, and cannot be read: \(error)")
        }
    }
}

extension DirectiveCall {
    /// Of the formula; nil when it has none.
    package var namespace: String? {
        qualifiedCheckname == checkname ? nil : String(qualifiedCheckname.dropLast(checkname.count + 1))
    }
}

extension TaskError {
    /// A failure of the results room as the directive's.
    package init(_ error: ResultsError, directive: String) {
        let code: Code = error.code == .unreachable ? .remote : .directive
        self.init(code, error.message.hasPrefix(directive) ? error.message : "\(directive): \(error.message)")
    }
}
