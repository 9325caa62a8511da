package import AtollHostPorts
import AtollDocuments
import AtollBootstrap
import AtollDiskImages
import AtollInitFile
package import AtollModel
import AtollPlatform
import OrderedCollections

/// Looks up everything an init file refers to outside itself, and reads what would else fail only after templates were fetched.
/// A real init refuses what is missing or of no use; a dry run only warns.
package struct ReferenceCheck: Sendable {
    private let variables: [String: String]
    private let templates: (any TemplateSource)?

    /// - Parameter templates: nil when there is no repository to ask.
    package init(variables: [String: String], templates: (any TemplateSource)?) {
        self.variables = variables
        self.templates = templates
    }

    /// One finding per missing or useless thing, in file order.
    package func findings(_ spec: EnvironmentSpec, as severity: Diagnostic.Severity) async -> [Diagnostic] {
        var found: [Diagnostic] = []
        func add(_ problem: String?, _ path: FieldPath) {
            if let problem { found.append(Diagnostic(severity, at: path, in: spec.sources, problem)) }
        }
        var scripts: [String: String] = [:]
        for reference in InitFile.references(spec) {
            var problem = await problem(reference.kind, domain: spec.domains[reference.domain])
            if problem == nil, case .deployScript(let written) = reference.kind { problem = collision(written, &scripts) }
            add(problem, reference.path)
        }
        let missing = Set(found.map(\.path))
        for domain in spec.domains.values {
            let root = FieldPath.keys("domains", domain.name)
            for (index, disk) in domain.disks.enumerated() {
                let path = root.appending("disks").appending(index)
                if !missing.contains(path.appending("path")) { add(layers(disk), path.appending("path")) }
                for (step, entry) in (disk.build?.elements ?? []).enumerated() {
                    add(builder(entry), path.appending("build").appending(step))
                }
            }
            for (path, problem) in seed(domain, root.appending("cloud-init")) where !missing.contains(path.appending("path")) {
                add(problem, path)
            }
        }
        found += await ImageFit(variables: variables, templates: templates).findings(spec, as: severity)
        // Each pass is in file order by itself.
        let unplaced = SourcePosition(line: 0, column: 0)
        return found.enumerated().sorted { a, b in
            let (left, right) = (a.element.position ?? unplaced, b.element.position ?? unplaced)
            return (left.line, left.column, a.offset) < (right.line, right.column, b.offset)
        }.map(\.element)
    }

    // MARK: what is there and of no use

    /// Two scripts would be one file in the prefix, and one of them would run twice.
    private func collision(_ written: String, _ seen: inout [String: String]) -> String? {
        let source = DeployScripts(variables: variables).source(written)
        let name = DeployScripts.name(source)
        guard let other = seen[name], other != source else {
            seen[name] = source
            return nil
        }
        return "\(source) would be called \(name) in the prefix, as \(other) is; rename one of the two"
    }

    /// What lies under an image that is used as it is.
    private func layers(_ disk: DiskSpec) -> String? {
        let written: String
        switch disk.origin {
        case .qcow2(let path): written = path
        case .file(let path?, nil, _) where disk.format == .qcow2: written = path
        default: return nil
        }
        if written.isEmpty { return nil }
        do { _ = try ImageHeader.layers(under: absolute(written), format: .qcow2) } catch let error as DiskImageError {
            guard let file = error.file else { return "\(error)" }
            let parts = (file.split(separator: "/").last ?? "").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts.contains("") else { return "\(error)" }
            return "\(error): it is the template \(parts[0]), version \(parts[1]). Get it with: atoll template fetch \(parts[0]) "
                + "--version-name \(parts[1]); then link the store's file there: ln -s STORE/REPO:\(parts[0]):\(parts[1]) \(file)"
        } catch { return "\(error)" }
        return nil
    }

    private func builder(_ entry: Value) -> String? {
        do { _ = try BuildSection(publicKey: "").commands(.list([entry])) } catch { return "\(error)" }
        return nil
    }

    /// What a guest's seed is merged from, where one is made.
    private func seed(_ domain: DomainSpec, _ root: FieldPath) -> [(FieldPath, String)] {
        guard let written = domain.cloudInit, domain.bootstrap == nil || domain.bootstrap == .cloudInit else { return [] }
        return CloudConfig.problems(written, directory: Directories.working(), environment: variables).map { problem in
            (root.appending(problem.key), problem.message)
        }
    }

    // MARK: what is not there

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
            let path = String(expanded.dropFirst("file://".count))
            return SystemCall.exists(path) ? nil : "the file \(path) does not exist (written as \(url))"
        case .ova(let url):
            return "VMs from an OVA (\(Expansion.expand(url, variables: variables))) cannot be made by this version; "
                + "unpack it and write its disk as a qcow2 template"
        case .vmType(let name):
            return "Unknown VM type: \(name), available types: default, maybe you need to install a plugin"
        case .unwritten(let key): return "\(key) is empty; write a value"
        }
    }

    private func missing(_ written: String, _ what: String) -> String? {
        let path = absolute(written)
        if SystemCall.exists(path) { return nil }
        return "\(what) \(path) does not exist" + (written == path ? "" : " (written as \(written))")
    }

    private func absolute(_ written: String) -> String {
        Directories.absolute(Expansion.expandPath(written, variables: variables), relativeTo: Directories.working())
    }
}
