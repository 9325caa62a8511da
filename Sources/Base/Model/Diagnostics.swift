/// Path of a field in a document: `domains.vm0.nics[1].ip`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    /// One step: a key of a mapping or an index of a list.
    public enum Component: Sendable, Hashable {
        case key(String)
        case index(Int)
    }
    public var components: [Component]

    public init(_ components: [Component] = []) { self.components = components }

    /// The path of a child of this field.
    public func appending(_ key: String) -> FieldPath { FieldPath(components + [.key(key)]) }
    public func appending(_ index: Int) -> FieldPath { FieldPath(components + [.index(index)]) }

    /// The path of the parent; nil at the root.
    public var parent: FieldPath? { components.isEmpty ? nil : FieldPath(Array(components.dropLast())) }

    /// A path of keys: `domains.vm0.nics`.
    public static func keys(_ keys: String...) -> FieldPath { FieldPath(keys.map(Component.key)) }

    public var description: String {
        var text = ""
        for component in components {
            switch component {
            case .key(let key):
                // Keys are user input: keep the path on one line.
                let key = key.unicodeScalars.map { $0.value < 0x20 ? $0.escaped(asASCII: true) : String($0) }.joined()
                text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

/// A position in a text file. Lines and columns count from 1, columns in characters.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Positions of the fields of a document, by path.
public struct SourceMap: Sendable, Equatable {
    /// File name as given by the user.
    public var file: String
    public var positions: [FieldPath: SourcePosition]

    public init(file: String, positions: [FieldPath: SourcePosition] = [:]) {
        self.file = file
        self.positions = positions
    }

    /// Position of the field, or of its nearest ancestor with a position.
    public func position(of path: FieldPath) -> SourcePosition? {
        var candidate: FieldPath? = path
        while let path = candidate {
            if let position = positions[path] { return position }
            candidate = path.parent
        }
        return nil
    }
}

/// One error or warning about an input file.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable { case error, warning }
    public var severity: Severity
    /// The file's name, or, unless `isFile`, another source as it is printed: `environment variable 'X'`.
    public var file: String
    /// Whether `file` names a file.
    public var isFile = true
    public var position: SourcePosition?
    /// Path of the field, `domains.vm0.memory`; empty for the whole file.
    public var path: FieldPath
    /// What was found and what is allowed, without the position.
    public var message: String

    public init(_ severity: Severity, file: String, position: SourcePosition?, path: FieldPath = FieldPath(), message: String) {
        self.severity = severity
        self.file = file
        self.position = position
        self.path = path
        self.message = message
    }

    /// A finding about an environment variable.
    public init(_ severity: Severity, variable: String, path: FieldPath = FieldPath(), message: String) {
        self.init(severity, source: "environment variable '\(variable)'", path: path, message: message)
    }

    /// A finding about input that is not a file.
    /// - Parameter source: its name in messages.
    public init(_ severity: Severity, source: String, path: FieldPath = FieldPath(), message: String) {
        self.init(severity, file: source, position: nil, path: path, message: message)
        isFile = false
    }

    /// A finding at a field, placed by the map.
    public init(_ severity: Severity, at path: FieldPath, in map: SourceMap, _ message: String) {
        self.init(severity, file: map.file, position: map.position(of: path), path: path, message: message)
    }

    /// `FILE:LINE:COL: [warning: ]KEYPATH: text`, or `error: SOURCE: KEYPATH: text` if the source is not a file; on one line.
    public var description: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? "\(file):1:1"
        let label = severity == .warning ? "warning: " : ""
        let field = path.components.isEmpty ? "" : "\(path): "
        // The message may quote the file: keep it on one line and remove control characters.
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let safe = line.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }.joined()
        return isFile ? "\(place): \(label)\(field)\(safe)" : "\(severity.rawValue): \(file): \(field)\(safe)"
    }
}

extension Sequence<Diagnostic> {
    /// Sorted by position, those without one first; findings at the same position keep their order.
    public func inFileOrder() -> [Diagnostic] {
        func place(_ item: (offset: Int, element: Diagnostic)) -> (Int, Int, Int) {
            (item.element.position?.line ?? 0, item.element.position?.column ?? 0, item.offset)
        }
        return enumerated().sorted { place($0) < place($1) }.map(\.element)
    }
}

/// An invalid input file, with all its errors and warnings in file order.
public struct InvalidInput: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]
    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
