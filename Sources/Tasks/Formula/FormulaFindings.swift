import AtollDocuments
import AtollModel
import OrderedCollections

/// Collects what one reading of a formula finds, so that a user mends everything in one go.
final class FormulaFindings {
    let document: LocatedDocument
    private(set) var errors: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []

    init(_ document: LocatedDocument) { self.document = document }

    var root: FormulaField { FormulaField(value: document.value, path: FieldPath(), findings: self) }

    func error(_ path: FieldPath, _ message: String) { errors.append(Diagnostic(.error, at: path, in: document.sources, message)) }

    func error(atKey path: FieldPath, _ message: String) { errors.append(document.diagnostic(.error, atKey: path, message)) }

    func warning(_ path: FieldPath, _ message: String) { warnings.append(document.diagnostic(.warning, atKey: path, message)) }

    /// In file order; findings of one place in the order they were made.
    func sorted(_ findings: [Diagnostic]) -> [Diagnostic] {
        func place(_ item: (offset: Int, element: Diagnostic)) -> (Int, Int, Int) {
            (item.element.position?.line ?? 0, item.element.position?.column ?? 0, item.offset)
        }
        return findings.enumerated().sorted { place($0) < place($1) }.map(\.element)
    }
}

/// One written value of a formula. A question that gets no answer has been reported.
struct FormulaField {
    let value: Value
    let path: FieldPath
    let findings: FormulaFindings

    /// The member of a mapping; nil when it is not written, or written with nothing after it.
    subscript(key: String) -> FormulaField? {
        guard let member = value[key], member != .null else { return nil }
        return FormulaField(value: member, path: path.appending(key), findings: findings)
    }

    /// A member that must be there.
    func required(_ key: String, _ about: String) -> FormulaField? {
        if let field = self[key] { return field }
        findings.error(value[key] == nil ? path : path.appending(key), "`\(key)` is missing: \(about)")
        return nil
    }

    var elements: [FormulaField]? {
        value.elements?.enumerated().map { FormulaField(value: $1, path: path.appending($0), findings: findings) }
    }

    var members: [(key: String, field: FormulaField)]? {
        value.members?.map { ($0, FormulaField(value: $1, path: path.appending($0), findings: findings)) }
    }

    /// `the text "abc"`, as errors name what they found.
    var found: String {
        switch value {
        case .string(let text) where text.count <= 60: "the text \"\(text)\""
        case .int, .double: "the number \(findings.document.text(at: path, of: value) ?? "")"
        case .bool: "the boolean \(findings.document.text(at: path, of: value) ?? "")"
        default: value.kind
        }
    }

    func refuse(allowed: String) { findings.error(path, "found \(found); allowed: \(allowed)") }

    /// A scalar as it is spelled: the release 8.10 keeps its zero.
    func text(_ allowed: String) -> String? {
        guard let text = findings.document.text(at: path, of: value) else {
            refuse(allowed: allowed)
            return nil
        }
        return text
    }

    /// One line of text without white space at its ends and without control characters.
    func line(_ allowed: String) -> String? {
        guard let text = text(allowed) else { return nil }
        guard let first = text.first, let last = text.last, !first.isWhitespace, !last.isWhitespace,
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            refuse(allowed: allowed)
            return nil
        }
        return text
    }

    /// A word that may be part of file names, URLs and result names.
    func identifier(_ allowed: String) -> String? {
        guard let text = line(allowed) else { return nil }
        guard !text.contains(where: { $0.isWhitespace || $0 == "/" }), !text.hasPrefix("."), !text.hasPrefix("-") else {
            refuse(allowed: allowed + ", without spaces and slashes")
            return nil
        }
        return text
    }

    /// A list of lines; a single one is a list of one.
    func lines(_ allowed: String) -> [String] {
        if let elements { return elements.compactMap { $0.line(allowed) } }
        guard value.text != nil else {
            refuse(allowed: "a list: \(allowed)")
            return []
        }
        return line(allowed).map { [$0] } ?? []
    }

    func warnUnknownKeys(_ known: [String], of place: String, synonyms: [String: String] = [:]) {
        for key in value.members?.keys.elements ?? [] where !known.contains(key) {
            let meant = Spelling.suggestion(for: key, among: known, synonyms: synonyms)
            let hint = meant.map { "; did you mean `\($0)`?" } ?? "; known: \(known.joined(separator: ", "))"
            findings.warning(path.appending(key), "unknown key of \(place), ignored\(hint)")
        }
    }
}
