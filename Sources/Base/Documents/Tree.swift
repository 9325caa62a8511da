package import AtollModel
package import OrderedCollections

/// A document with the place of each of its parts: what both readers make.
package struct Tree {
    package enum Content {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case list([Tree])
        case map(OrderedDictionary<String, Member>)
    }
    package struct Member {
        package var position: SourcePosition
        package var value: Tree
        /// What the same key stands for elsewhere in the mapping: an error, but what is in there can be looked at too.
        package var twins: [Tree] = []
    }
    package var content: Content
    package var position: SourcePosition
    /// How a number or boolean was written, because `0123` and `1.10` are also passwords and versions.
    package var spelling: String?

    package var members: OrderedDictionary<String, Member>? {
        get { if case .map(let members) = content { members } else { nil } }
        set { if let newValue { content = .map(newValue) } }
    }

    package subscript(key: String) -> Tree? { members?[key]?.value }

    package var isCollection: Bool {
        switch content {
        case .list, .map: true
        default: false
        }
    }
}

/// The same as plain data, with places and spellings looked up by path.
package struct Document {
    package var value: Value
    package var sources: SourceMap
    /// Of numbers and booleans only.
    package var spellings: [FieldPath: String] = [:]
    /// Where the key of a member stands.
    package var keyPositions: [FieldPath: SourcePosition] = [:]

    package init(_ value: Value, file: String) {
        self.value = value
        sources = SourceMap(file: file)
    }

    package init(_ tree: Tree, file: String) {
        self.init(Value.null, file: file)
        value = flatten(tree, at: FieldPath(), key: nil)
    }

    private mutating func flatten(_ tree: Tree, at path: FieldPath, key: SourcePosition?) -> Value {
        var isNull = false
        if case .null = tree.content { isNull = true }
        // A mapping that comes from an alias is best found by the name it has here; an empty value has no place of its own.
        sources.positions[path] = tree.isCollection || isNull ? key ?? tree.position : tree.position
        if let key { keyPositions[path] = key }
        if let spelling = tree.spelling { spellings[path] = spelling }
        switch tree.content {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .string(let text): return .string(text)
        case .list(let elements):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() { values.append(flatten(element, at: path.appending(index), key: nil)) }
            return .list(values)
        case .map(let members):
            var values = OrderedDictionary<String, Value>(minimumCapacity: members.count)
            for (name, member) in members {
                values[name] = flatten(member.value, at: path.appending(name), key: member.position)
            }
            return .map(values)
        }
    }
}

/// Reads text as JSON, and as YAML where that fails (spec 2.1).
package enum DocumentReader {
    /// Refuses a document with anything wrong in it.
    package static func read(_ text: String, file: String) throws(InvalidInput) -> Tree {
        let (tree, findings) = try readLeniently(text, file: file)
        guard findings.isEmpty else { throw InvalidInput(findings) }
        return tree
    }

    /// Also gives a document that has a key twice or such, with those findings, so that the rest of it can be looked at too.
    package static func readLeniently(_ text: String, file: String) throws(InvalidInput) -> (tree: Tree, findings: [Diagnostic]) {
        let text = text.withoutByteOrderMark
        guard text.contains(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) else {
            throw InvalidInput([
                Diagnostic(.error, file: file, position: nil, message: "the file is empty; an init file has at least `domains` and `nets`")
            ])
        }
        var json = JSONReader(text, file: file)
        do throws(JSONReader.Failure) { return try json.document() } catch {
            if case .invalid(let diagnostics) = error { throw InvalidInput(diagnostics) }
            do throws(InvalidInput) { return try YAMLReader.read(text, file: file) } catch let other {
                // What starts like JSON was meant as JSON, unless YAML got further than the syntax.
                guard case .syntax(let diagnostic) = error, json.looksLikeJSON, other.diagnostics.count == 1,
                    other.diagnostics[0].message.hasPrefix(YAMLReader.syntaxLabel)
                else { throw other }
                throw InvalidInput([diagnostic])
            }
        }
    }
}
