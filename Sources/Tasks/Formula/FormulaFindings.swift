import AtollDocuments
import AtollModel
import OrderedCollections

/// Collects all findings of one reading, so that the user can fix everything at once.
final class FormulaFindings {
    let document: LocatedDocument
    private(set) var errors: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []

    init(_ document: LocatedDocument) { self.document = document }

    var root: FormulaField { FormulaField(value: document.value, path: FieldPath(), findings: self) }

    func error(_ path: FieldPath, _ message: String) { errors.append(Diagnostic(.error, at: path, in: document.sources, message)) }

    func error(atKey path: FieldPath, _ message: String) { errors.append(document.diagnostic(.error, atKey: path, message)) }

    func warning(_ path: FieldPath, _ message: String) { warnings.append(document.diagnostic(.warning, atKey: path, message)) }

    /// Findings in file order; those at the same position keep their order.
    func sorted(_ findings: [Diagnostic]) -> [Diagnostic] {
        func place(_ item: (offset: Int, element: Diagnostic)) -> (Int, Int, Int) {
            (item.element.position?.line ?? 0, item.element.position?.column ?? 0, item.offset)
        }
        return findings.enumerated().sorted { place($0) < place($1) }.map(\.element)
    }
}

/// One value of a formula. An accessor that returns nil has reported the error.
struct FormulaField {
    let value: Value
    let path: FieldPath
    let findings: FormulaFindings

    /// Member of a mapping; nil if absent or null.
    subscript(key: String) -> FormulaField? {
        guard let member = value[key], member != .null else { return nil }
        return FormulaField(value: member, path: path.appending(key), findings: findings)
    }

    /// A required member.
    func required(_ key: String, _ about: String) -> FormulaField? {
        if let field = self[key] { return field }
        findings.error(value[key] == nil ? path : path.appending(key), "missing '\(key)': expected \(about)")
        return nil
    }

    var elements: [FormulaField]? {
        value.elements?.enumerated().map { FormulaField(value: $1, path: path.appending($0), findings: findings) }
    }

    var members: [(key: String, field: FormulaField)]? {
        value.members?.map { ($0, FormulaField(value: $1, path: path.appending($0), findings: findings)) }
    }

    /// Description of the value for errors: `the text "abc"`.
    var found: String {
        switch value {
        case .string(let text) where text.count <= 60: "the text \"\(text)\""
        case .int, .double: "the number \(findings.document.text(at: path, of: value) ?? "")"
        case .bool: "the boolean \(findings.document.text(at: path, of: value) ?? "")"
        default: value.kind
        }
    }

    func refuse(allowed: String) { findings.error(path, "found \(found); allowed: \(allowed)") }

    /// A scalar as spelled in the file: the release 8.10 keeps its zero.
    func text(_ allowed: String) -> String? {
        guard let text = findings.document.text(at: path, of: value) else {
            refuse(allowed: allowed)
            return nil
        }
        return text
    }

    /// One line of text without leading or trailing white space and without control characters.
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

    /// Text that is valid in file names, URLs and result names.
    func identifier(_ allowed: String) -> String? {
        guard let text = line(allowed) else { return nil }
        guard !text.contains(where: { $0.isWhitespace || $0 == "/" }), !text.hasPrefix("."), !text.hasPrefix("-") else {
            refuse(allowed: allowed + ", without spaces and slashes")
            return nil
        }
        return text
    }

    /// A list of lines; a scalar is a list of one.
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
            let hint = meant.map { "; did you mean '\($0)'?" } ?? "; known: \(known.joined(separator: ", "))"
            findings.warning(path.appending(key), "unknown key of \(place), ignored\(hint)")
        }
    }
}
