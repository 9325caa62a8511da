package import AtollModel

/// A YAML or JSON document as plain data, with the place of each part: what other kinds of files than init files are read from.
package struct LocatedDocument: Sendable, Equatable {
    package var value: Value
    /// The place of every value.
    package var sources: SourceMap
    /// How numbers and booleans were written: `1.10` is also a version, `on` also a word.
    package var spellings: [FieldPath: String]
    /// Where the key of a member stands.
    package var keyPositions: [FieldPath: SourcePosition]

    /// A scalar as its author wrote it; nil for null, lists and mappings.
    package func text(at path: FieldPath, of value: Value) -> String? { value.text.map { spellings[path] ?? $0 } }

    /// A finding at the key of a member, where there is one.
    package func diagnostic(_ severity: Diagnostic.Severity, atKey path: FieldPath, _ message: String) -> Diagnostic {
        let place = keyPositions[path] ?? sources.position(of: path)
        return Diagnostic(severity, file: sources.file, position: place, path: path, message: message)
    }
}

extension LocatedDocument {
    /// Reads text as one document. `kind` says what it should be, with an article: `a task formula`. Refuses, with every finding placed,
    /// what is empty, no YAML, has a key twice, is nested too deeply, or has aliases that stand for too many values.
    package static func read(_ text: String, file: String, kind: String) throws(InvalidInput) -> LocatedDocument {
        guard text.utf8.count <= Documents.sizeLimit else { throw refusal(file, tooLarge(kind)) }
        guard text.contains(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) else {
            throw refusal(file, "the file is empty; it should be \(kind)")
        }
        let document = Document(try DocumentReader.read(text, file: file), file: file)
        return LocatedDocument(
            value: document.value, sources: document.sources, spellings: document.spellings, keyPositions: document.keyPositions)
    }

    static func tooLarge(_ kind: String) -> String { "the file is larger than \(ByteSize(Int64(Documents.sizeLimit))): not \(kind)" }

    static func refusal(_ file: String, _ message: String) -> InvalidInput {
        InvalidInput([Diagnostic(.error, file: file, position: nil, message: message)])
    }
}
