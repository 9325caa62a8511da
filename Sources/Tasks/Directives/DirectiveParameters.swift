import AtollModel
import OrderedCollections

/// The parameters of one action as its directive reads them: every complaint lists what was given.
struct DirectiveParameters {
    let members: OrderedDictionary<String, Value>
    private let directive: String

    /// - Parameter allowed: the parameters there are; nil where the task names its own.
    init(_ value: Value, of directive: String, allowed: [String]?) throws {
        self.directive = directive
        guard let members = value.members else {
            throw TaskError(.directive, "\(directive) takes a mapping of parameters, not \(value.kind)")
        }
        self.members = members
        guard let allowed, let unknown = members.keys.first(where: { !allowed.contains($0) }) else { return }
        let near = Spelling.suggestion(for: unknown, among: allowed).map { "; did you mean \($0)?" } ?? ""
        throw problem("has no parameter \(unknown)\(near); there are \(allowed.joined(separator: ", "))")
    }

    /// `xunit has no parameter x (given: file, x)`.
    func problem(_ words: String, _ code: TaskError.Code = .directive) -> TaskError {
        let given = members.isEmpty ? "nothing" : members.keys.joined(separator: ", ")
        return TaskError(code, "\(directive) \(words) (given: \(given))")
    }

    /// A scalar as text; nil when it is not given.
    func text(_ name: String) throws -> String? {
        guard let value = members[name], value != .null else { return nil }
        guard let text = value.text else { throw problem("takes text for \(name), not \(value.kind)") }
        return text
    }

    func required(_ name: String) throws -> String {
        guard let text = try text(name), !text.isEmpty else { throw problem("needs \(name)") }
        return text
    }

    /// One text or a list of texts; empty when it is not given.
    func texts(_ name: String) throws -> [String] {
        guard let value = members[name], value != .null else { return [] }
        if let text = value.text { return [text] }
        guard let elements = value.elements else { throw problem("takes text or a list for \(name), not \(value.kind)") }
        return try elements.map { element in
            guard let text = element.text else { throw problem("takes a list of texts for \(name), not of \(element.kind)") }
            return text
        }
    }

    func flag(_ name: String) throws -> Bool {
        switch members[name] {
        case nil, .null: return false
        case .bool(let flag): return flag
        case .string(let text) where ["true", "yes", "on"].contains(text.lowercased()): return true
        case .string(let text) where ["false", "no", "off"].contains(text.lowercased()): return false
        case let value?: throw problem("takes true or false for \(name), not \(value.text ?? value.kind)")
        }
    }
}
