import AtollDocuments
import AtollModel
import OrderedCollections

/// Collects what one reading finds, and hands out the fields to read.
final class Findings {
    let document: Document
    private var errors: [Diagnostic] = []
    private var warnings: [Diagnostic] = []
    private var warned: Set<[String]> = []
    /// A saved spec is ours: nothing in it is worth a warning, and what an earlier version let in stays in.
    let isSaved: Bool

    init(document: Document, saved: Bool = false) {
        self.document = document
        isSaved = saved
    }

    var root: Field { Field(value: document.value, path: FieldPath(), findings: self) }
    var errorCount: Int { errors.count }

    func add(_ diagnostics: [Diagnostic]) { errors += diagnostics }

    /// Adds what another reading found at or below a path, and is not known yet.
    func add(_ other: Findings, below path: FieldPath) {
        func isBelow(_ finding: Diagnostic) -> Bool { finding.path.components.starts(with: path.components) }
        for error in other.errors where isBelow(error) && !errors.contains(error) { errors.append(error) }
        for warning in other.warnings where isBelow(warning) && !warnings.contains(where: { $0.message == warning.message }) {
            warnings.append(warning)
        }
    }

    /// Whether there is an error at just this path.
    func hasError(at path: FieldPath) -> Bool { errors.contains { $0.path == path } }

    func error(_ path: FieldPath, _ message: String) {
        errors.append(Diagnostic(.error, at: path, in: document.sources, message))
    }

    /// At the key instead of the value.
    func error(atKey path: FieldPath, _ message: String) {
        let place = document.keyPositions[path] ?? document.sources.position(of: path)
        errors.append(Diagnostic(.error, file: document.sources.file, position: place, path: path, message: message))
    }

    /// `once` names the finding: each is given a single time, at its first place.
    func warning(_ path: FieldPath, once: [String]? = nil, _ message: String) {
        if isSaved { return }
        if let once, !warned.insert(once).inserted { return }
        let place = document.keyPositions[path] ?? document.sources.position(of: path)
        warnings.append(Diagnostic(.warning, file: document.sources.file, position: place, path: path, message: message))
    }

    /// In file order. A place with an error has no warnings: they could only follow from it.
    func sorted(_ severity: Diagnostic.Severity) -> [Diagnostic] {
        if severity == .error { return errors.inFileOrder() }
        let faults = Set(errors.map(\.path))
        return warnings.filter { !faults.contains($0.path) }.inFileOrder()
    }
}

/// One value of the document and the questions that decoders ask it. A question that gets no answer has been reported.
struct Field {
    let value: Value?
    let path: FieldPath
    let findings: Findings

    subscript(key: String) -> Field { Field(value: value?[key], path: path.appending(key), findings: findings) }

    /// Whether the key is not written at all.
    var isAbsent: Bool { value == nil }
    /// Absent, or written with nothing after it.
    var isEmpty: Bool { value == nil || value == .null }

    /// Whether members may be missing only because a prototype or a merged mapping is not to be had, which has been said.
    var lacksMerged: Bool { ["based-on", "<<"].contains { findings.hasError(at: path.appending($0)) } }

    /// `the text "abc"`, as errors name what they found.
    var found: String {
        guard let value else { return "nothing" }
        switch value {
        case .string(let text) where text.count <= 60: return "the text \"\(text.escaped)\""
        case .int(let number): return "the number \(number)"
        case .double(let number): return "the number \(findings.document.spellings[path] ?? String(number))"
        case .bool(let flag): return flag ? "the boolean true" : "the boolean false"
        default: return value.kind
        }
    }

    func refuse(allowed: String) { findings.error(path, "found \(found); allowed: \(allowed)") }

    /// Numbers and booleans come as they are spelled: a password 0123 keeps its zero.
    func text(_ allowed: String = "text") -> String? {
        if isEmpty { return nil }
        guard let value, let text = value.text else {
            refuse(allowed: allowed)
            return nil
        }
        return findings.document.spellings[path] ?? text
    }

    /// Text that is not a number or boolean in disguise, one line.
    func word(_ allowed: String) -> String? {
        guard let text = text(allowed) else { return nil }
        guard !text.isEmpty, !text.contains(where: \.isNewline) else {
            refuse(allowed: allowed)
            return nil
        }
        return text
    }

    /// A word of the form that what it is handed to insists on.
    func word(_ allowed: String, where isAllowed: (String) -> Bool) -> String? {
        guard let text = word(allowed) else { return nil }
        guard findings.isSaved || isAllowed(text) else {
            refuse(allowed: allowed)
            return nil
        }
        return text
    }

    func integer(in range: ClosedRange<Int>, _ allowed: String) -> Int? {
        if isEmpty { return nil }
        guard let number = value?.integer, range.contains(number) else {
            refuse(allowed: allowed)
            return nil
        }
        return number
    }

    func flag() -> Bool? {
        switch value {
        case nil, .null?: return nil
        case .bool(let flag)?: return flag
        case .int(0)?: return false
        case .int(1)?: return true
        case .string(let text)? where ["true", "yes", "on", "1"].contains(text.lowercased()): return true
        case .string(let text)? where ["false", "no", "off", "0", ""].contains(text.lowercased()): return false
        default:
            refuse(allowed: "true or false")
            return nil
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> Choice? where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        guard let word = choice(of: words) else { return nil }
        return Choice(rawValue: word)
    }

    func choice(of words: [String]) -> String? {
        if isEmpty { return nil }
        if case .string(let text) = value, words.contains(text) { return text }
        let hint = value?.text.map { Spelling.hint(for: $0, among: words) } ?? ""
        refuse(allowed: words.joined(separator: ", ") + hint)
        return nil
    }

    /// A list of texts; a single text is a list of one.
    func texts() -> [String] {
        if isEmpty { return [] }
        if value?.elements == nil, value?.text != nil { return text().map { [$0] } ?? [] }
        return elements("a list of texts").compactMap { element in
            if element.isEmpty { element.refuse(allowed: "text") }
            return element.text()
        }
    }

    func elements(_ allowed: String) -> [Field] {
        if isEmpty { return [] }
        guard let elements = value?.elements else {
            refuse(allowed: allowed)
            return []
        }
        return elements.enumerated().map { Field(value: $1, path: path.appending($0), findings: findings) }
    }

    func members(_ allowed: String = "a mapping") -> OrderedDictionary<String, Value>? {
        if isEmpty { return nil }
        guard let members = value?.members else {
            refuse(allowed: allowed)
            return nil
        }
        return members
    }

    /// Warns about keys that mean nothing here, once for each key and kind of place.
    func warnUnknownKeys(_ place: Keys.Place) {
        guard let members = value?.members, let known = Keys.names[place] else { return }
        for key in members.keys where !known.contains(key) {
            let hint = Spelling.hint(
                for: key, among: Keys.known(at: place).filter { !$0.isLegacy }.map(\.name), synonyms: Keys.synonyms)
            findings.warning(
                path.appending(key), once: ["key", place.rawValue, key], "unknown key in \(place.rawValue), kept and not used\(hint)")
        }
    }
}

extension String {
    /// On one line, whatever is in it.
    var escaped: String {
        unicodeScalars.map { $0.value < 0x20 || $0 == "\"" ? $0.escaped(asASCII: false) : String($0) }.joined()
    }
}
