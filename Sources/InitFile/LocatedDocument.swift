public import AtollModel
import Glibc

/// A YAML or JSON document as plain data, with the place of each part: what other kinds of files than init files are read from.
public struct LocatedDocument: Sendable, Equatable {
    public var value: Value
    /// The place of every value.
    public var sources: SourceMap
    /// How numbers and booleans were written: `1.10` is also a version, `on` also a word.
    public var spellings: [FieldPath: String]
    /// Where the key of a member stands.
    public var keyPositions: [FieldPath: SourcePosition]

    /// A scalar as its author wrote it; nil for null, lists and mappings.
    public func text(at path: FieldPath, of value: Value) -> String? { value.text.map { spellings[path] ?? $0 } }

    /// A finding at the key of a member, where there is one.
    public func diagnostic(_ severity: Diagnostic.Severity, atKey path: FieldPath, _ message: String) -> Diagnostic {
        let place = keyPositions[path] ?? sources.position(of: path)
        return Diagnostic(severity, file: sources.file, position: place, path: path, message: message)
    }
}

extension InitFile {
    /// Reads text as one document. `kind` says what it should be, with an article: `a task formula`. Refuses, with every finding placed,
    /// what is empty, no YAML, has a key twice, is nested too deeply, or has aliases that stand for too many values.
    public static func readDocument(_ text: String, file: String, kind: String) throws(InvalidInput) -> LocatedDocument {
        guard text.utf8.count <= sizeLimit else { throw refusal(file, tooLarge(kind)) }
        guard text.contains(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) else {
            throw refusal(file, "the file is empty; it should be \(kind)")
        }
        let document = Document(try DocumentReader.read(text, file: file), file: file)
        return LocatedDocument(
            value: document.value, sources: document.sources, spellings: document.spellings, keyPositions: document.keyPositions)
    }

    /// The text of the file at `path`, which should be UTF-8 and of a size that a person writes; `kind` as in `readDocument`.
    public static func readText(path: String, kind: String) throws(InvalidInput) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw refusal(
                path,
                code == ENOENT ? "there is no such file; name \(kind)" : "the file cannot be opened: \(String(cString: strerror(code)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EISDIR { throw refusal(path, "this is a directory; name \(kind) in it") }
            guard count >= 0 else { throw refusal(path, "the file cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
            // Also bounds a pipe or a device, whose size nobody knows beforehand.
            guard bytes.count <= sizeLimit else { throw refusal(path, tooLarge(kind)) }
        }
        if let zero = bytes.firstIndex(of: 0) { throw refusal(path, "the file is binary (a zero byte at offset \(zero)), not \(kind)") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal(path, "the file is not UTF-8 text; convert it (`iconv -t UTF-8`) or name the right file")
        }
        return text
    }

    private static func tooLarge(_ kind: String) -> String { "the file is larger than \(ByteSize(Int64(sizeLimit))): not \(kind)" }

    private static func refusal(_ file: String, _ message: String) -> InvalidInput {
        InvalidInput([Diagnostic(.error, file: file, position: nil, message: message)])
    }
}
