import AtollDocuments
package import AtollModel
package import OrderedCollections

/// Substitution of variables in an action just before it runs: `$name`, `${name}`, `${name.key}`; `$$` is a dollar sign.
///
/// A text that is a single reference becomes the value itself, with its type; in a longer text a value is formatted:
/// scalars as they are, null, lists and mappings as JSON. Keys of mappings are substituted too. Not recursive.
package struct Substitution: Sendable {
    package var variables: OrderedDictionary<String, Value>
    /// Variables that are set later: a text that refers to one is left unchanged.
    package var later: Set<String>

    package init(_ variables: OrderedDictionary<String, Value>, later: Set<String> = []) {
        self.variables = variables
        self.later = later
    }

    /// Result for one text. `problem` is a message without position.
    package enum Outcome: Sendable, Equatable {
        case value(Value)
        case problem(String)
    }

    /// The action with its parameters, label and directive name substituted. Throws all errors, each
    /// at its line of `formula`.
    package func apply(to action: Formula.Action, of formula: Formula) throws(InvalidInput) -> Formula.Action {
        try apply(to: action, sources: formula.sources)
    }

    /// Like `apply`, with the source map given explicitly.
    package func apply(to action: Formula.Action, sources: SourceMap) throws(InvalidInput) -> Formula.Action {
        var walk = Walk(substitution: self, label: action.label, sources: sources)
        var replaced = action
        let directive = walk.key(action.directive, at: action.path)
        replaced.directive = directive
        replaced.parameters = walk.value(action.parameters, at: action.path.appending(action.directive))
        if let name = action.name { replaced.name = walk.value(.string(name), at: action.path.appending("name")).text ?? name }
        guard walk.errors.isEmpty else { throw InvalidInput(walk.errors) }
        return replaced
    }

    /// Substitutes one text.
    package func value(of text: String) -> Outcome {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return .value(.string(text)) }
        let pieces: [Piece]
        switch Self.pieces(of: text) {
        case .success(let found): pieces = found
        case .failure(let malformed): return .problem(malformed.message)
        }
        if let waiting = waiting(pieces, text) { return waiting }
        if pieces.count == 1, case .reference(let name) = pieces[0] {
            return lookUp(name).map(Outcome.value) ?? .problem(undefined(name))
        }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .reference(let name):
                guard let value = lookUp(name) else { return .problem(undefined(name)) }
                result += Self.written(value)
            }
        }
        return .value(.string(result))
    }

    /// The text unchanged if it refers to a variable that is set later; else nil.
    private func waiting(_ pieces: [Piece], _ text: String) -> Outcome? {
        guard !later.isEmpty else { return nil }
        let names = pieces.compactMap { if case .reference(let name) = $0 { name } else { nil } }
        guard names.contains(where: isLater) else { return nil }
        return names.first { !isLater($0) && lookUp($0) == nil }.map { .problem(undefined($0)) } ?? .value(.string(text))
    }

    private func isLater(_ name: String) -> Bool { later.contains { name == $0 || name.hasPrefix($0 + ".") } }

    /// Value of a variable: for `a.b`, the variable of that name, else the member `b` of the mapping `a`.
    package func lookUp(_ name: String) -> Value? {
        if let value = variables[name] { return value }
        // The longest variable name wins, so that an exported `a.b` also resolves `a.b.c`.
        var end = name.endIndex
        while let dot = name[..<end].lastIndex(of: ".") {
            end = dot
            guard var value = variables[String(name[..<dot])] else { continue }
            for key in name[name.index(after: dot)...].split(separator: ".") {
                guard let member = value[String(key)] else { return nil }
                value = member
            }
            return value
        }
        return nil
    }

    /// Text form of a value inside a longer text.
    package static func written(_ value: Value) -> String { value.text ?? ValueJSON.render(value, indent: 0) }

    /// Whether the name is valid: a letter or `_`, then letters, digits and `_`; parts separated by dots.
    package static func isVariableName(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false).enumerated().allSatisfy { index, word in
            guard let first = word.utf8.first else { return false }
            // The parts after the first may be any key of a mapping.
            return (index > 0 || isNameStart(first)) && word.utf8.allSatisfy { isNamePart($0) || (index > 0 && $0 == UInt8(ascii: "-")) }
        }
    }

    private func undefined(_ name: String) -> String {
        let root = String(name.prefix { $0 != "." })
        let known = (variables.keys.elements + later).sorted()
        if root != name, let value = variables[root] {
            let keys = value.members.map { "its keys are \($0.keys.joined(separator: ", "))" } ?? "it is \(value.kind)"
            return "undefined variable '\(name)': '\(root)' is defined, but \(keys)"
        }
        let suggestion = Spelling.suggestion(for: name, among: known)
        let hint = suggestion.map { "; did you mean '\($0)'?" } ?? ""
        let shell = suggestion == nil ? "; write $$\(name) for a shell variable" : ""
        return "undefined variable '\(name)'\(hint); known: \(known.isEmpty ? "none" : known.joined(separator: ", "))\(shell)"
    }
}

extension Substitution {
    enum Piece: Equatable {
        case text(String)
        case reference(String)
    }

    struct Malformed: Error {
        var message: String
    }

    static func pieces(of text: String) -> Result<[Piece], Malformed> {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        func reference(_ name: some Sequence<UInt8>) {
            if !literal.isEmpty { pieces.append(.text(String(decoding: literal, as: UTF8.self))) }
            literal = []
            pieces.append(.reference(String(decoding: Array(name), as: UTF8.self)))
        }
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$") else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            let next = index + 1 < bytes.count ? bytes[index + 1] : nil
            switch next {
            case UInt8(ascii: "$"):
                literal.append(UInt8(ascii: "$"))
                index += 2
            case UInt8(ascii: "{"):
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    return .failure(Malformed(message: "missing '}' after '${'; write '$$' for a dollar sign"))
                }
                let name = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                guard isVariableName(name) else {
                    return .failure(Malformed(message: "invalid reference '${\(name)}'; write '$$' for a dollar sign"))
                }
                reference(bytes[(index + 2)..<end])
                index = end + 1
            case .some(let first) where isNameStart(first):
                let name = bytes[(index + 1)...].prefix(while: isNamePart)
                reference(name)
                index += 1 + name.count
            default:
                return .failure(Malformed(message: "missing name after '$'; write '$$' for a dollar sign"))
            }
        }
        if !literal.isEmpty || pieces.isEmpty { pieces.append(.text(String(decoding: literal, as: UTF8.self))) }
        return .success(pieces)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || (0x30...0x39).contains(byte) }
}

extension Substitution {
    /// Recursive substitution over the tree of an action.
    private struct Walk {
        let substitution: Substitution
        let label: String
        let sources: SourceMap
        var errors: [Diagnostic] = []

        mutating func value(_ value: Value, at path: FieldPath) -> Value {
            switch value {
            case .string(let text):
                switch substitution.value(of: text) {
                case .value(let value): return value
                case .problem(let problem):
                    report(path, problem)
                    return value
                }
            case .list(let elements):
                return .list(elements.enumerated().map { self.value($1, at: path.appending($0)) })
            case .map(let members):
                var replaced = OrderedDictionary<String, Value>(minimumCapacity: members.count)
                for (name, member) in members {
                    let place = path.appending(name)
                    let key = key(name, at: place)
                    let value = self.value(member, at: place)
                    guard replaced.updateValue(value, forKey: key) != nil else { continue }
                    report(place, "duplicate key '\(key)' after substitution")
                }
                return .map(replaced)
            case .null, .bool, .int, .double: return value
            }
        }

        mutating func key(_ key: String, at path: FieldPath) -> String {
            switch substitution.value(of: key) {
            case .value(.string(let text)): return text
            case .value(let other): report(path, "key '\(key)' becomes \(other.kind): expected text")
            case .problem(let problem): report(path, problem)
            }
            return key
        }

        private mutating func report(_ path: FieldPath, _ problem: String) {
            errors.append(Diagnostic(.error, at: path, in: sources, "\(label): \(problem)"))
        }
    }
}
