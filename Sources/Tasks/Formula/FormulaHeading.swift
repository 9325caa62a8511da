import AtollDocuments
import AtollModel

extension Formula {
    /// Name and namespace of a formula, as far as it can be parsed: an invalid formula is still reported under its check.
    package struct Heading: Sendable, Equatable {
        /// Name of the check; the file's name if the formula gives none.
        package var name: String
        package var namespace = Formula.defaultNamespace
        /// Whether an action passes results to `resultsdb`.
        package var reports = false

        /// Reads the file at `path`, which may be invalid or missing.
        package init(of path: String) {
            let file = path.split(separator: "/").last.map(String.init) ?? path
            name = file.lastIndex(of: ".").map { String(file[..<$0]) }.flatMap { $0.isEmpty ? nil : $0 } ?? file
            guard let text = try? LocatedDocument.readText(path: path, kind: Formula.kind),
                let document = try? LocatedDocument.read(text, file: path, kind: Formula.kind)
            else { return }
            let root = FormulaFindings(document).root.value
            func word(_ key: String) -> String? {
                guard let text = root[key]?.text, !text.isEmpty, !text.contains(where: { $0.isWhitespace }) else { return nil }
                return text
            }
            name = word("name") ?? name
            namespace = word("namespace") ?? namespace
            reports = root["actions"]?.elements?.contains { $0["resultsdb"] != nil } ?? false
        }
    }
}
