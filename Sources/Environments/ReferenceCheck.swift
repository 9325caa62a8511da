import AtollInitFile
public import AtollModel
import AtollPlatform
import OrderedCollections

/// Looks up everything an init file refers to outside itself. A real init refuses what is missing; a dry run only warns.
public struct ReferenceCheck: Sendable {
    private let variables: [String: String]
    private let templates: (any TemplateSource)?

    /// - Parameter templates: nil when there is no repository to ask.
    public init(variables: [String: String], templates: (any TemplateSource)?) {
        self.variables = variables
        self.templates = templates
    }

    /// One finding per missing thing, in file order.
    public func findings(_ spec: EnvironmentSpec, as severity: Diagnostic.Severity) async -> [Diagnostic] {
        var found: [Diagnostic] = []
        for reference in InitFile.references(spec) {
            if let problem = await problem(reference.kind, domain: spec.domains[reference.domain]) {
                found.append(Diagnostic(severity, at: reference.path, in: spec.sources, problem))
            }
        }
        return found
    }

    private func problem(_ kind: Reference.Kind, domain: DomainSpec?) async -> String? {
        switch kind {
        case .template(let name, let version):
            guard let templates else { return "template \(name) cannot be looked up: there is no repository" }
            return await templates.problem(template: name, version: version)
        case .image(let path): return missing(path, "the image")
        case .file(let path): return missing(path, "the disk image")
        case .deployScript(let path): return missing(path, "the deploy script")
        case .cloudInitFile(let path): return missing(path, "the cloud-init file")
        case .download(let url):
            let expanded = Expansion.expand(url, variables: variables)
            guard expanded.hasPrefix("file://") else { return "\(expanded) cannot be fetched; this version takes file:// addresses only" }
            return missing(String(expanded.dropFirst("file://".count)), "the file")
        case .ova(let url):
            return "VMs from an OVA (\(Expansion.expand(url, variables: variables))) cannot be made by this version; "
                + "unpack it and write its disk as a qcow2 template"
        case .vmType(let name):
            return "Unknown VM type: \(name), available types: default, maybe you need to install a plugin"
        case .unwritten(let key): return "\(key) is empty; write a value"
        }
    }

    private func missing(_ written: String, _ what: String) -> String? {
        let path = Directories.absolute(Expansion.expandPath(written, variables: variables), relativeTo: Directories.working())
        if SystemCall.exists(path) { return nil }
        return "\(what) \(path) does not exist" + (written == path ? "" : " (written as \(written))")
    }
}
