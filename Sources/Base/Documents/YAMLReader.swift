import AtollModel
import OrderedCollections
import Yams

/// YAML to a located tree: anchors, aliases (each use a value of its own) and merge keys.
///
/// A few hundred bytes of nested aliases can stand for billions of values, so they are counted before they are expanded.
enum YAMLReader {
    /// Values a document may have once its aliases are expanded; 500 VMs need about 20,000.
    static let nodeLimit = 200_000
    static let depthLimit = 64
    static let syntaxLabel = "YAML: "

    /// The document, and what is wrong with it in spite of being readable: duplicate keys, merges of what is no mapping.
    static func read(_ text: String, file: String) throws(InvalidInput) -> (tree: Tree, findings: [Diagnostic]) {
        if let finding = aliasedKey(in: text, file: file) { throw InvalidInput([finding]) }
        let (root, renamed) = try compose(text, file: file)
        guard size(of: root, limit: nodeLimit) <= nodeLimit else {
            throw InvalidInput([
                Diagnostic(
                    .error, file: file, position: nil,
                    message: "the aliases in this file stand for more than \(nodeLimit) values; write it without nesting them")
            ])
        }
        var composer = Composer(file: file, renamed: renamed)
        let tree = try composer.tree(root, at: FieldPath())
        return (tree, composer.errors.inFileOrder())
    }

    /// Counts values, aliases each time they are used, and stops soon after `limit`. Nodes share storage, so this costs no memory.
    private static func size(of node: Node, limit: Int) -> Int {
        var count = 1
        switch node {
        case .sequence(let sequence):
            for element in sequence where count <= limit { count += size(of: element, limit: limit - count) }
        case .mapping(let mapping):
            for (_, value) in mapping where count <= limit { count += size(of: value, limit: limit - count) }
        case .scalar, .alias: break
        }
        return count
    }

    /// Without Yams' own resolver: its regular expressions cost more than the parsing.
    private static func parse(_ text: String) throws -> Node? { try Yams.compose(yaml: text, .basic, .default, .utf8) }

    /// The document, with duplicate keys renamed, so that one reading finds all of them: new name to the key as written.
    private static func compose(_ text: String, file: String) throws(InvalidInput) -> (Node, [String: String]) {
        var text = text
        var renamed: [String: String] = [:]
        while true {
            do {
                guard let root = try parse(text) else {
                    throw InvalidInput([Diagnostic(.error, file: file, position: nil, message: "there is no document in the file")])
                }
                return (root, renamed)
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let names, let context) = error, let name = names.sorted().first, renamed.count < 50,
                    let replaced = replaceFirst(of: name, at: context.mark, in: text, with: UInt32(renamed.count))
                {
                    text = replaced.text
                    renamed[replaced.name] = name
                    continue
                }
                throw InvalidInput([diagnostic(error, file: file)])
            } catch let error as InvalidInput {
                throw error
            } catch {
                throw InvalidInput([Diagnostic(.error, file: file, position: nil, message: "\(syntaxLabel)\(error)")])
            }
        }
    }

    /// Yams stops at the first duplicate and tells where the first of the two is. A character of the private use area in place of
    /// that key's first one keeps every line and column as it is.
    private static func replaceFirst(of name: String, at mark: Mark, in text: String, with number: UInt32) -> (text: String, name: String)?
    {
        guard let first = name.unicodeScalars.first, let mangled = Unicode.Scalar(0xE000 + number) else { return nil }
        var scalars = Array(text.unicodeScalars)
        var index = 0
        for _ in 1..<max(mark.line, 1) {
            guard let end = scalars[index...].firstIndex(of: "\n") else { return nil }
            index = end + 1
        }
        index += mark.column - 1
        if index < scalars.count, scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard index < scalars.count, scalars[index] == first else { return nil }
        scalars[index] = mangled
        var renamed = name.unicodeScalars
        renamed.removeFirst()
        renamed.insert(mangled, at: renamed.startIndex)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return (String(view), String(renamed))
    }

    /// Yams hashes keys, and a key that is an alias of aliases of aliases takes it for ever: refused before it sees one.
    private static func aliasedKey(in text: String, file: String) -> Diagnostic? {
        var anchors = 0
        var found: SourcePosition?
        for (number, row) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            var previous: UInt8 = 0x20
            for byte in row {
                if byte == UInt8(ascii: "&") && previous <= 0x20 { anchors += 1 }
                previous = byte
            }
            let indent = row.prefix { $0 == 0x20 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "?") }
            let body = row.dropFirst(indent.count)
            guard found == nil, body.first == UInt8(ascii: "*") else { continue }
            if indent.contains(UInt8(ascii: "?")) || body.contains(UInt8(ascii: ":")) {
                found = SourcePosition(line: number + 1, column: indent.count + 1)
            }
        }
        // An alias of a word is harmless; it takes several anchors to build a bomb.
        guard let found, anchors > 4 else { return nil }
        return Diagnostic(.error, file: file, position: found, message: "an alias cannot be a key")
    }

    private static func diagnostic(_ error: YamlError, file: String) -> Diagnostic {
        func at(_ mark: Mark, _ message: String, _ context: YamlError.Context? = nil) -> Diagnostic {
            let where_ = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            return Diagnostic(
                .error, file: file, position: SourcePosition(line: mark.line, column: mark.column), message: syntaxLabel + message + where_)
        }
        switch error {
        case .scanner(let context, let problem, let mark, _): return at(mark, problem, context)
        case .parser(let context, let problem, let mark, _): return at(mark, problem, context)
        case .composer(_, let problem, let mark, _): return at(mark, problem)
        case .duplicatedKeysInMapping(let names, let context):
            return at(context.mark, "the key `\(names.sorted().first ?? "")` is there more than once; a key may be written once")
        case .reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            let line = before.count { $0.isNewline } + 1
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            return Diagnostic(.error, file: file, position: SourcePosition(line: line, column: column), message: syntaxLabel + problem)
        default: return Diagnostic(.error, file: file, position: nil, message: syntaxLabel + "\(error)")
        }
    }
}

extension YAMLReader {
    /// Turns nodes into a tree. Nodes share storage, trees do not: hence the limit above.
    private struct Composer {
        let file: String
        let renamed: [String: String]
        var errors: [Diagnostic] = []

        mutating func tree(_ node: Node, at path: FieldPath) throws(InvalidInput) -> Tree {
            let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
            guard path.components.count < depthLimit else { throw fatal(position, "nested more than \(depthLimit) deep") }
            switch node {
            case .scalar(let scalar):
                guard isPlain(scalar) else { return Tree(content: .string(scalar.string), position: position) }
                let content = YAMLScalar.content(of: scalar.string)
                var spelling: String? = scalar.string
                switch content {
                case .null, .string: spelling = nil
                default: break
                }
                return Tree(content: content, position: position, spelling: spelling)
            case .sequence(let sequence):
                var elements: [Tree] = []
                for element in sequence { elements.append(try tree(element, at: path.appending(elements.count))) }
                return Tree(content: .list(elements), position: position)
            case .mapping(let mapping):
                return Tree(content: .map(try members(mapping, at: path)), position: position)
            case .alias(let alias):
                throw fatal(position, "undefined alias \(alias.anchor.rawValue)")
            }
        }

        /// Merged members come first and are overridden by the mapping's own; of several merged mappings the first wins.
        private mutating func members(_ mapping: Node.Mapping, at path: FieldPath) throws(InvalidInput)
            -> OrderedDictionary<String, Tree.Member>
        {
            var members: OrderedDictionary<String, Tree.Member> = [:]
            for (key, value) in mapping {
                guard isMerge(key) else { continue }
                let sources: [Node] = if let list = value.sequence { Array(list).reversed() } else { [value] }
                for source in sources {
                    let merged = try tree(source, at: path.appending("<<"))
                    guard let others = merged.members else {
                        report(
                            Diagnostic(
                                .error, file: file, position: merged.position, path: path.appending("<<"),
                                message: "`<<` takes a mapping or a list of mappings, usually aliases such as *name"))
                        continue
                    }
                    for (name, member) in others { members[name] = member }
                }
            }
            var twins: [(key: String, value: Tree)] = []
            for (key, value) in mapping {
                let position = SourcePosition(line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
                guard let scalar = key.scalar else {
                    report(Diagnostic(.error, file: file, position: position, path: path, message: "a key must be plain text"))
                    continue
                }
                if isMerge(key) { continue }
                if let original = renamed[scalar.string] {
                    let second = mapping.first {
                        $0.key.scalar?.string == original || renamed[$0.key.scalar?.string ?? ""] == original && isAfter($0.key, key)
                    }
                    let place = second?.key.mark.map { SourcePosition(line: $0.line, column: $0.column) } ?? position
                    report(.duplicate(path.appending(original), file: file, at: place, first: position))
                    twins.append((original, try tree(value, at: path.appending(original))))
                    continue
                }
                members[scalar.string] = Tree.Member(position: position, value: try tree(value, at: path.appending(scalar.string)))
            }
            for (key, value) in twins { members[key]?.twins.append(value) }
            return members
        }

        /// A place that several aliases lead to is one fault.
        private mutating func report(_ finding: Diagnostic) {
            if !errors.contains(where: { $0.position == finding.position && $0.message == finding.message }) { errors.append(finding) }
        }

        private func isAfter(_ a: Node, _ b: Node) -> Bool {
            guard let a = a.mark, let b = b.mark else { return false }
            return (a.line, a.column) > (b.line, b.column)
        }

        /// Not by its tag: Yams resolves the tags of keys while it looks for duplicates.
        private func isMerge(_ key: Node) -> Bool { key.scalar.map { $0.string == "<<" && $0.style == .plain } ?? false }

        private func isPlain(_ scalar: Node.Scalar) -> Bool {
            scalar.style == .plain && scalar.tag.description != "tag:yaml.org,2002:str"
        }

        private func fatal(_ position: SourcePosition, _ message: String) -> InvalidInput {
            InvalidInput([Diagnostic(.error, file: file, position: position, message: message)])
        }
    }
}
