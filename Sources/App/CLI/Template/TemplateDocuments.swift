import AtollModel
import AtollTemplates
import Synchronization

/// Stored templates as documents and table rows.
enum TemplateDocuments {
    static func document(_ template: StoredTemplate, usedBy: [Dependant] = [], note: String? = nil) -> Value {
        [
            "name": .string(template.name.description), "template": .string(template.name.template),
            "version": .string(template.name.version),
            "repository": .string(template.name.repository), "distro": template.distro.map(Value.string) ?? .null,
            "arch": template.architecture.map(Value.string) ?? .null, "virtual_size": .int(Int(template.virtualSize)),
            "real_size": .int(Int(template.realSize)), "sha256": template.digest.map(Value.string) ?? .null, "path": .string(template.path),
            "origin": template.record.map { .string($0.origin) } ?? .null, "metadata": .map(template.metadata),
            "used_by": .list(usedBy.map { .string($0.overlay) }), "note": note.map(Value.string) ?? .null,
        ]
    }

    static let columns = ["NAME", "VERSION", "DISTRO", "ARCH", "VIRTUAL", "REAL", "DIGEST", "USED BY"]

    static func row(_ template: StoredTemplate, usedBy: [Dependant]) -> [String] {
        [
            "\(template.name.repository):\(template.name.template)", template.name.version, template.distro ?? "-",
            template.architecture ?? "-", "\(ByteSize(template.virtualSize))", "\(ByteSize(template.realSize))",
            template.digest.map { String($0.prefix(12)) } ?? "-", usedBy.isEmpty ? "-" : "\(usedBy.count) disks",
        ]
    }
}

/// A table for people: columns as wide as their widest cell, two spaces apart.
enum Table {
    static func render(_ columns: [String], _ rows: [[String]]) -> String {
        let all = [columns] + rows.map { $0.map(SafeText.line) }
        let widths = columns.indices.map { index in all.map { $0[index].count }.max() ?? 0 }
        return all.map { row in
            var line = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}

/// What a template step made, carried out of its closure.
final class Produced: Sendable {
    private let stored = Mutex<StoredTemplate?>(nil)
    var value: StoredTemplate? { stored.withLock { $0 } }
    func set(_ template: StoredTemplate) { stored.withLock { $0 = template } }
}
