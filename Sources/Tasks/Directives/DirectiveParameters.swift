package import AtollModel
package import OrderedCollections

/// The parameters of one action as its directive reads them: every complaint lists what was given.
package struct DirectiveParameters {
    /// What a directive's parameters are called.
    package struct Names {
        var required: [String] = []
        var optional: [String] = []
        /// Exactly one of these.
        var oneOf: [String] = []
        /// Whether the task may name others.
        var isOpen = false

        var all: [String] { required + oneOf + optional }
    }

    package let members: OrderedDictionary<String, Value>
    private let directive: String

    /// Looks at the names alone; values are looked at when they are asked for.
    package init(_ value: Value, of directive: String, _ names: Names) throws { try self.init(value, of: directive, names) { $0 != .null } }

    /// Before there are values: what is a reference still may turn out to be nothing.
    package static func check(_ value: Value, of directive: String, _ names: Names) throws {
        _ = try DirectiveParameters(value, of: directive, names) { $0 != .null && !($0.text?.contains("$") ?? false) }
    }

    private init(_ value: Value, of directive: String, _ names: Names, isSomething: (Value) -> Bool) throws {
        self.directive = directive
        guard let members = value.members else {
            throw TaskError(.directive, "\(directive) takes a mapping of parameters, not \(value.kind)")
        }
        self.members = members
        if !names.isOpen, let unknown = members.keys.first(where: { !names.all.contains($0) }) {
            let near = Spelling.suggestion(for: unknown, among: names.all).map { "; did you mean \($0)?" } ?? ""
            throw problem("has no parameter \(unknown)\(near); there are \(names.all.joined(separator: ", "))")
        }
        if let missing = names.required.first(where: { members[$0] == nil }) { throw problem("needs \(missing)") }
        guard !names.oneOf.isEmpty else { return }
        // A null beside another stands for "not given"; alone it is what an action left that exported nothing.
        let given = names.oneOf.compactMap { members[$0] }
        guard !given.isEmpty, given.count(where: isSomething) <= 1 else {
            let words = names.oneOf.joined(separator: " or ")
            throw problem("takes \(words); \(given.isEmpty ? "neither is" : "both are") given")
        }
    }

    /// The one of several parameters that is given, and its name.
    package func given(_ names: [String]) -> (name: String, value: Value) {
        let all = names.compactMap { name in members[name].map { (name, $0) } }
        return all.first { $0.1 != .null } ?? all.first ?? (names.first ?? "", .null)
    }

    /// `xunit has no parameter x (given: file, x)`.
    package func problem(_ words: String, _ code: TaskError.Code = .directive) -> TaskError {
        let given = members.isEmpty ? "nothing" : members.keys.joined(separator: ", ")
        return TaskError(code, "\(directive) \(words) (given: \(given))")
    }

    /// A scalar as text; nil when it is not given.
    package func text(_ name: String) throws -> String? {
        guard let value = members[name], value != .null else { return nil }
        guard let text = value.text else { throw problem("takes text for \(name), not \(value.kind)") }
        return text
    }

    package func required(_ name: String) throws -> String {
        guard let text = try text(name), !text.isEmpty else { throw problem("needs \(name)") }
        return text
    }

    /// One text or a list of texts; empty when it is not given.
    package func texts(_ name: String) throws -> [String] {
        guard let value = members[name], value != .null else { return [] }
        if let text = value.text { return [text] }
        guard let elements = value.elements else { throw problem("takes text or a list for \(name), not \(value.kind)") }
        return try elements.map { element in
            guard let text = element.text else { throw problem("takes a list of texts for \(name), not of \(element.kind)") }
            return text
        }
    }

    package func flag(_ name: String) throws -> Bool {
        switch members[name] {
        case nil, .null: return false
        case .bool(let flag): return flag
        case .string(let text) where ["true", "yes", "on"].contains(text.lowercased()): return true
        case .string(let text) where ["false", "no", "off"].contains(text.lowercased()): return false
        case let value?: throw problem("takes true or false for \(name), not \(value.text ?? value.kind)")
        }
    }
}
