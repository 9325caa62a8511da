/// Where in a document something stands: `domains.vm0.nics[1].ip`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    /// One step: a key of a mapping or an index of a list.
    public enum Component: Sendable, Hashable {
        case key(String)
        case index(Int)
    }
    public var components: [Component]

    public init(_ components: [Component] = []) { self.components = components }

    /// The path of a member or element below this one.
    public func appending(_ key: String) -> FieldPath { FieldPath(components + [.key(key)]) }
    public func appending(_ index: Int) -> FieldPath { FieldPath(components + [.index(index)]) }

    /// The path of what this is part of; nil at the root.
    public var parent: FieldPath? { components.isEmpty ? nil : FieldPath(Array(components.dropLast())) }

    /// `domains.vm0.nics`, from words.
    public static func keys(_ keys: String...) -> FieldPath { FieldPath(keys.map(Component.key)) }

    public var description: String {
        var text = ""
        for component in components {
            switch component {
            case .key(let key):
                // On one line, whatever somebody used as a key.
                let key = key.unicodeScalars.map { $0.value < 0x20 ? $0.escaped(asASCII: true) : String($0) }.joined()
                text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

/// A place in a text file. Lines and columns count from 1, columns in characters.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Which place of which file each field came from.
public struct SourceMap: Sendable, Equatable {
    /// The file's name as the user gave it.
    public var file: String
    public var positions: [FieldPath: SourcePosition]

    public init(file: String, positions: [FieldPath: SourcePosition] = [:]) {
        self.file = file
        self.positions = positions
    }

    /// The place of the field or of the nearest thing around it.
    public func position(of path: FieldPath) -> SourcePosition? {
        var candidate: FieldPath? = path
        while let path = candidate {
            if let position = positions[path] { return position }
            candidate = path.parent
        }
        return nil
    }
}

/// One finding about an input file.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable { case error, warning }
    public var severity: Severity
    public var file: String
    public var position: SourcePosition?
    /// The key path, `domains.vm0.memory`; empty for the whole file.
    public var path: FieldPath
    /// What was found and what is allowed, without place.
    public var message: String

    public init(_ severity: Severity, file: String, position: SourcePosition?, path: FieldPath = FieldPath(), message: String) {
        self.severity = severity
        self.file = file
        self.position = position
        self.path = path
        self.message = message
    }

    /// A finding at a field, placed by the map.
    public init(_ severity: Severity, at path: FieldPath, in map: SourceMap, _ message: String) {
        self.init(severity, file: map.file, position: map.position(of: path), path: path, message: message)
    }

    /// `FILE:LINE:COL: [warning: ]KEYPATH: text`, on one line.
    public var description: String {
        let place = position.map { "\(file):\($0.line):\($0.column)" } ?? "\(file):1:1"
        let label = severity == .warning ? "warning: " : ""
        let field = path.components.isEmpty ? "" : "\(path): "
        // A file's own text may be quoted in a message: on one line, and without characters that act on a terminal.
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let safe = line.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }.joined()
        return "\(place): \(label)\(field)\(safe)"
    }
}

extension Sequence<Diagnostic> {
    /// As they stand in the file, those without a place first; findings at one place keep their order.
    public func inFileOrder() -> [Diagnostic] {
        func place(_ item: (offset: Int, element: Diagnostic)) -> (Int, Int, Int) {
            (item.element.position?.line ?? 0, item.element.position?.column ?? 0, item.offset)
        }
        return enumerated().sorted { place($0) < place($1) }.map(\.element)
    }
}

/// A file that cannot be used: everything wrong with it, in file order. Warnings may stand among the errors.
public struct InvalidInput: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]
    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
