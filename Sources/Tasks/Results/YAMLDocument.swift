import AtollModel
import OrderedCollections
import Yams

/// A value with the line it stands on, for errors about what it means.
struct LocatedValue {
    enum Content {
        case scalar(Value)
        case list([LocatedValue])
        case map(OrderedDictionary<String, LocatedValue>)
    }
    var content: Content
    var line: Int
    /// How a plain number, boolean or null was written: `0123` may well be somebody's item.
    var spelling: String?

    var value: Value {
        switch content {
        case .scalar(let value): value
        case .list(let elements): .list(elements.map(\.value))
        case .map(let members): .map(members.mapValues(\.value))
        }
    }

    var isNull: Bool { if case .scalar(.null) = content { true } else { false } }
}

/// YAML text that tasks hand over, which may be anything: read with limits on its size, its depth and what its aliases stand for.
enum YAMLDocument {
    /// Bytes; 100,000 results have about 15 million.
    static let sizeLimit = 32 << 20
    /// Values, aliases counted each time they are used.
    static let nodeLimit = 1_000_000
    static let depthLimit = 100

    /// The document, or nil for a text without one.
    /// - Throws: `ResultsError` `.value` that starts with `name`, and tells the line.
    static func parse(_ text: String, name: String) throws(ResultsError) -> LocatedValue? {
        guard text.utf8.count <= sizeLimit else {
            throw ResultsError(.value, "\(name): more than \(sizeLimit >> 20) MiB; results are not that long")
        }
        guard !hasAliasedKeys(text) else { throw ResultsError(.value, "\(name): aliases inside of keys are not read") }
        let root: Node?
        do {
            // Without Yams' own resolver: its regular expressions cost more than the parsing.
            root = try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch let error as YamlError {
            throw ResultsError(.value, "\(name): \(YAMLDocument.explain(error))")
        } catch {
            throw ResultsError(.value, "\(name): this is no YAML: \(error)")
        }
        guard let root else { return nil }
        guard size(of: root, limit: nodeLimit) <= nodeLimit else {
            throw ResultsError(.value, "\(name): more than \(nodeLimit) values, aliases included")
        }
        return try NodeReader(name: name).read(root, depth: 0)
    }

    /// Counts values, aliases each time they are used, and stops soon after `limit`. Nodes share storage, so this costs no memory.
    private static func size(of node: Node, limit: Int) -> Int {
        var count = 1
        switch node {
        case .sequence(let sequence): for element in sequence where count <= limit { count += size(of: element, limit: limit - count) }
        case .mapping(let mapping): for (_, value) in mapping where count <= limit { count += size(of: value, limit: limit - count) }
        case .scalar, .alias: break
        }
        return count
    }

    private static func explain(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): this is no YAML: \(problem)"
        case .duplicatedKeysInMapping(let names, let context):
            "line \(context.mark.line): the key '\(names.first ?? "")' is there more than once"
        case .reader(let problem, _, _, _): "a character that YAML does not allow: \(problem)"
        default: "this is no YAML: \(error)"
        }
    }

    /// Whether the text could hold keys made of nested aliases. Yams hashes keys before anybody can count what they stand for, and a few
    /// hundred bytes can make that last for ever. Tools that write results do use aliases, as values.
    private static func hasAliasedKeys(_ text: String) -> Bool {
        var anchors = 0.0
        var aliases = 0.0
        var complexKey = false
        var before: UInt8 = 0x20
        var lastSign: UInt8 = 0x20
        var afterAlias = false
        for byte in text.utf8 {
            let isSpace = byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D
            if before == UInt8(ascii: "&"), !isSpace { anchors += 1 }
            if before == UInt8(ascii: "*"), !isSpace { (aliases, afterAlias) = (aliases + 1, true) }
            if byte == UInt8(ascii: ":"), lastSign == UInt8(ascii: "]") || lastSign == UInt8(ascii: "}") || afterAlias { complexKey = true }
            if before == UInt8(ascii: "?"), isSpace { complexKey = true }
            if byte == 0x0A { afterAlias = false }
            if !isSpace { lastSign = byte }
            before = byte
        }
        // Nesting n anchors with k uses each multiplies to k^n values.
        guard complexKey, anchors > 1, aliases > anchors else { return false }
        var product = 1.0
        for _ in 0..<Int(min(anchors, 64)) { product *= aliases / anchors + 1 }
        return product > 1_000_000
    }
}

extension YAMLDocument {
    private struct NodeReader {
        let name: String

        func read(_ node: Node, depth: Int) throws(ResultsError) -> LocatedValue {
            let line = node.mark?.line ?? 1
            guard depth < depthLimit else { throw ResultsError(.value, "\(name), line \(line): nested more than \(depthLimit) deep") }
            switch node {
            case .scalar(let scalar):
                guard scalar.style == .plain, scalar.tag.description != "tag:yaml.org,2002:str" else {
                    return LocatedValue(content: .scalar(.string(scalar.string)), line: line)
                }
                return LocatedValue(content: .scalar(YAMLWords.value(of: scalar.string)), line: line, spelling: scalar.string)
            case .sequence(let sequence):
                var elements: [LocatedValue] = []
                for element in sequence { elements.append(try read(element, depth: depth + 1)) }
                return LocatedValue(content: .list(elements), line: line)
            case .mapping(let mapping): return LocatedValue(content: .map(try members(mapping, depth: depth)), line: line)
            case .alias(let alias): throw ResultsError(.value, "\(name), line \(line): undefined alias \(alias.anchor.rawValue)")
            }
        }

        /// Merged members (`<<`) stand behind the mapping's own.
        private func members(_ mapping: Node.Mapping, depth: Int) throws(ResultsError) -> OrderedDictionary<String, LocatedValue> {
            var members: OrderedDictionary<String, LocatedValue> = [:]
            var merged: [LocatedValue] = []
            for (key, node) in mapping {
                let line = key.mark?.line ?? 1
                guard let scalar = key.scalar else { throw ResultsError(.value, "\(name), line \(line): a key must be plain text") }
                let value = try read(node, depth: depth + 1)
                if scalar.string == "<<", scalar.style == .plain {
                    if case .list(let elements) = value.content { merged += elements } else { merged.append(value) }
                } else {
                    members[scalar.string] = value
                }
            }
            for source in merged {
                guard case .map(let others) = source.content else {
                    throw ResultsError(.value, "\(name), line \(source.line): '<<' takes a mapping or a list of mappings")
                }
                members.merge(others) { own, _ in own }
            }
            return members
        }
    }
}

/// What a plain YAML scalar means: YAML 1.1, as the tools of this family have always read it, without its base-60 numbers.
enum YAMLWords {
    static func value(of text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .double(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        default: break
        }
        guard let first = text.utf8.first, first < 0x3A, !text.utf8.contains(UInt8(ascii: ":")) else { return .string(text) }
        return integer(text).map(Value.int) ?? fraction(text).map(Value.double) ?? .string(text)
    }

    /// A number too large for 64 bits stays text, digit for digit.
    private static func integer(_ text: String) -> Int? {
        var digits = text[...]
        let sign = digits.first == "-" ? "-" : ""
        if digits.first == "-" || digits.first == "+" { digits.removeFirst() }
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) else { return nil }
        var radix = 10
        if digits.hasPrefix("0x") { (radix, digits) = (16, digits.dropFirst(2)) }
        if digits.hasPrefix("0b") { (radix, digits) = (2, digits.dropFirst(2)) }
        if digits.hasPrefix("0o") { (radix, digits) = (8, digits.dropFirst(2)) }
        if radix == 10, first == UInt8(ascii: "0"), digits.utf8.count > 1 { radix = 8 }
        let plain = digits.filter { $0 != "_" }
        guard plain.first != "+", plain.first != "-" else { return nil }
        return Int(sign + plain, radix: radix)
    }

    /// A number needs a point: `1e3` has always been text.
    private static func fraction(_ text: String) -> Double? {
        let body = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard body.count(where: { $0 == UInt8(ascii: ".") }) == 1, let first = body.first, first != UInt8(ascii: "e"),
            first != UInt8(ascii: "E"),
            body.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E || ($0 | 0x20) == 0x65 || $0 == 0x2B || $0 == 0x2D })
        else { return nil }
        return Double(text)
    }
}
