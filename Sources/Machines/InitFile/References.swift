package import AtollModel
import OrderedCollections

/// Something outside the file that a spec needs. A real init looks it up and refuses what is missing; a dry run only warns.
package struct Reference: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A template of a repository; no version means the newest.
        case template(name: String, version: String?)
        /// A local qcow2 to put an overlay on, unexpanded.
        case image(path: String)
        /// A file used in place or copied, unexpanded.
        case file(path: String)
        /// Something to download, unexpanded.
        case download(url: String)
        case ova(url: String)
        /// Unexpanded.
        case deployScript(path: String)
        /// User-data or meta-data, unexpanded.
        case cloudInitFile(path: String)
        /// A VM type other than `default`.
        case vmType(name: String)
        /// A key that is written with nothing after it, already warned about: a real init cannot go on without it.
        case unwritten(key: String)
    }
    package var kind: Kind
    /// The VM it belongs to.
    package var domain: String
    /// Where it is written; look it up in `EnvironmentSpec.sources`.
    package var path: FieldPath

    package init(_ kind: Kind, domain: String, path: FieldPath) {
        self.kind = kind
        self.domain = domain
        self.path = path
    }
}

extension InitFile {
    /// Everything the spec refers to outside itself, in file order. `vmTypes` are the known ones.
    package static func references(_ spec: EnvironmentSpec, vmTypes: Set<String> = ["default"]) -> [Reference] {
        spec.domains.values.flatMap { references($0, vmTypes: vmTypes) }
    }

    private static func references(_ domain: DomainSpec, vmTypes: Set<String>) -> [Reference] {
        let root = FieldPath.keys("domains", domain.name)
        var found: [Reference] = []
        func add(_ kind: Reference.Kind, _ path: FieldPath) { found.append(Reference(kind, domain: domain.name, path: path)) }
        /// An empty text stands for a key with nothing after it.
        func add(_ text: String, _ path: FieldPath, _ key: String, _ kind: Reference.Kind) {
            add(text.isEmpty ? .unwritten(key: key) : kind, path.appending(key))
        }
        if let type = domain.vmType, !vmTypes.contains(type) { add(.vmType(name: type), root.appending("vm-type")) }
        if let url = domain.ovaURL { add(.ova(url: url), root.appending("url")) }
        for (index, disk) in domain.disks.enumerated() {
            let path = root.appending("disks").appending(index)
            switch disk.origin {
            case .template(let name, let version): add(name, path, "template_name", .template(name: name, version: version))
            case .qcow2(let file): add(file, path, "path", .image(path: file))
            case .empty(let size): if size.isEmpty { add(.unwritten(key: "size"), path.appending("size")) }
            case .file(_, let url?, _): add(.download(url: url), path.appending("url"))
            case .file(let file, nil, _): add(file ?? "", path, "path", .file(path: file ?? ""))
            }
        }
        let key = domain.metadata["deploy-scripts"].map { $0 != .null && $0 != .list([]) } == true ? "deploy-scripts" : "ovirt-scripts"
        let scripts = root.appending("metadata").appending(key)
        for (index, script) in domain.deployScripts.enumerated() { add(.deployScript(path: script), scripts.appending(index)) }
        for key in ["user-data", "meta-data"] {
            guard let data = domain.cloudInit?[key]?.members, data.count == 1, let file = data["path"]?.text else { continue }
            add(.cloudInitFile(path: file), root.appending("cloud-init").appending(key).appending("path"))
        }
        return found
    }
}
