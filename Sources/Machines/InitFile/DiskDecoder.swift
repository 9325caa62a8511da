import AtollModel
import OrderedCollections

/// One disk (spec 2.3).
struct DiskDecoder {
    let field: Field

    /// A disk with an error holds what could be understood: empty texts and an empty disk stand for the rest.
    func decode() -> DiskSpec {
        var disk = DiskSpec(name: "", device: "", format: .qcow2, origin: .empty(size: "1"))
        let shape = "a mapping with `name`, `dev`, `format` and `type`"
        guard let raw = field.members(shape) else {
            if field.isEmpty { field.refuse(allowed: shape) }
            return disk
        }
        field.warnUnknownKeys(.disk)
        for key in ["name", "dev", "format", "type"] where field[key].isEmpty && !field.lacksMerged {
            field.findings.error(
                field.path.appending(key), "`\(key)` is missing\(written(insteadOf: key)); a disk has name, dev, format and type")
        }
        disk.name = name() ?? disk.name
        disk.device = field["dev"].word(Names.deviceRule, where: Names.isDevice) ?? disk.device
        disk.format = field["format"].choice(DiskSpec.Format.self) ?? disk.format
        disk.origin = origin() ?? disk.origin
        disk.size = size(disk.origin)
        disk.metadata = field["metadata"].members() ?? [:]
        disk.skipExport = field["skip-export"].flag() ?? false
        if !field["build"].isEmpty {
            _ = field["build"].elements("a list of build steps, such as [{virt-customize: {}}]")
            disk.build = field["build"].value
        }
        disk.raw = raw
        return disk
    }

    private func written(insteadOf key: String) -> String {
        for other in field.value?.members?.keys ?? [] where Keys.names[.disk]?.contains(other) == false {
            if Spelling.suggestion(for: other, among: [key], synonyms: Keys.synonyms) == key { return " (`\(other)` is not its name)" }
        }
        return ""
    }

    private func name() -> String? {
        guard let name = field["name"].word(Names.rule) else { return nil }
        guard Names.isAllowed(name) else {
            field["name"].refuse(allowed: "a name of \(Names.rule): it is part of a file name")
            return nil
        }
        return name
    }

    private func origin() -> DiskSpec.Origin? {
        guard let type = field["type"].choice(of: ["template", "empty", "file"]) else { return nil }
        switch type {
        case "template": return template()
        case "empty":
            guard let size = needed("size", "a size, such as 10G") else { return nil }
            guard size.isEmpty || ByteSize(size).map({ $0.bytes > 0 }) == true else {
                field["size"].refuse(allowed: "a size in bytes, or with k, M, G or T, such as 10G")
                return nil
            }
            return .empty(size: size)
        default:
            let path = field["path"].word("the path of a file")
            let url = field["url"].word("a URL")
            if field["path"].isAbsent && field["url"].isAbsent {
                field.findings.error(field.path.appending("path"), "`path` is missing; a disk of type file has `path`, `url` or both")
                return nil
            }
            if path == nil && url == nil { _ = needed("path", "the path of a file") }
            return .file(path: path, url: url, copy: field["make_a_copy"].value?.isTruthy ?? false)
        }
    }

    /// Of a disk with an image below it; an empty one has its size in its origin.
    private func size(_ origin: DiskSpec.Origin) -> DiskSpec.Size? {
        switch origin {
        case .empty: return nil
        case .file:
            if !field["size"].isEmpty {
                field.findings.warning(field["size"].path, "not used: a disk of type file is as large as its file")
            }
            return nil
        case .template, .qcow2:
            let allowed = "a size in bytes, or with k, M, G or T, such as 10G, or at least that: \">= 10G\""
            guard let text = field["size"].word(allowed) else { return nil }
            guard let size = DiskSpec.Size(text) else {
                field["size"].refuse(allowed: allowed)
                return nil
            }
            if field["format"].value == "iso" {
                field.findings.error(field["size"].path, "a CD has the size of its image")
                return nil
            }
            return size
        }
    }

    private func template() -> DiskSpec.Origin? {
        let version = field["template_version"].word("a version, such as v1.0")
        guard field["template_type"].isEmpty || field["template_type"].choice(of: ["lago", "qcow2"]) != nil else { return nil }
        if field["template_type"].value == "qcow2" {
            return needed("path", "the path of a qcow2 image").map { .qcow2(path: $0) }
        }
        return needed("template_name", "the name of a template").map { .template(name: $0, version: version) }
    }

    /// A key that the disk's type needs. Written with nothing after it, as renderers of init files leave it, it is a warning here and
    /// an empty text in the spec: addresses can be resolved without it, and a real init refuses it (`InitFile.references`).
    private func needed(_ key: String, _ allowed: String) -> String? {
        if field[key].isAbsent {
            if field.lacksMerged { return nil }
            field.findings.error(field.path.appending(key), "`\(key)` is missing; this type of disk has \(allowed) there")
            return nil
        }
        if field[key].isEmpty {
            field.findings.warning(field.path.appending(key), "nothing is written here; allowed: \(allowed)")
            return ""
        }
        return field[key].word(allowed)
    }
}
