package import AtollHostPorts
import AtollDocuments
import AtollBootstrap
import AtollDiskImages
import AtollInitFile
package import AtollModel
import AtollPlatform
import OrderedCollections

/// Looks up everything an init file refers to outside itself, and reads what would else fail only after templates were fetched.
/// What is missing is an error of a real init and a warning of a dry run: it may be there later. What is there and invalid, or unsupported,
/// is an error of both.
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
        func add(_ problem: String?, _ path: FieldPath, as severity: Diagnostic.Severity = .error) {
            if let problem { found.append(Diagnostic(severity, at: path, in: spec.sources, problem)) }
        }
        var scripts: [String: String] = [:]
        for reference in InitFile.references(spec) {
            var problem = await problem(reference.kind, domain: spec.domains[reference.domain])
            var hasCollided = false
            if problem == nil, case .deployScript(let written) = reference.kind {
                problem = collision(written, &scripts)
                hasCollided = problem != nil
            }
            add(problem, reference.path, as: reference.kind.isUnsupported(variables) || hasCollided ? .error : severity)
        }
        let missing = Set(found.map(\.path))
        for domain in spec.domains.values {
            let root = FieldPath.keys("domains", domain.name)
            for (index, disk) in domain.disks.enumerated() {
                let path = root.appending("disks").appending(index)
                if !missing.contains(path.appending("path")), !missing.contains(path.appending("url")) {
                    add(layers(disk) ?? content(disk), path.appending("path"))
                }
                for (step, entry) in (disk.build?.elements ?? []).enumerated() {
                    add(builder(entry), path.appending("build").appending(step))
                }
            }
            let cloudInit = root.appending("cloud-init")
            for finding in seed(domain, cloudInit, in: spec.sources) where !missing.contains(finding.path.appending("path")) {
                found.append(finding)
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

    /// What a disk that the init file names holds, where that is not a disk.
    private func content(_ disk: DiskSpec) -> String? {
        let path: String
        let format: DiskSpec.Format
        switch disk.origin {
        case .qcow2(let written) where !written.isEmpty: (path, format) = (absolute(written), .qcow2)
        case .file(let written?, nil, _) where !written.isEmpty: (path, format) = (absolute(written), disk.format)
        case .file(_, let url?, _):
            let expanded = Expansion.expand(url, variables: variables)
            guard expanded.hasPrefix("file://") else { return nil }
            (path, format) = (String(expanded.dropFirst("file://".count)), disk.format)
        default: return nil
        }
        do {
            try ImageHeader.checkContent(path, as: format)
        } catch let error as DiskImageError where error.code == .wrongFormat { return error.message } catch {}
        return nil
    }

    private func builder(_ entry: Value) -> String? {
        do { _ = try BuildSection(publicKey: "").commands(.list([entry])) } catch { return "\(error)" }
        return nil
    }

    /// The documents of a guest's seed, where one is made, and what they would keep Atoll from doing.
    private func seed(_ domain: DomainSpec, _ root: FieldPath, in sources: SourceMap) -> [Diagnostic] {
        guard let written = domain.cloudInit, domain.bootstrap == nil || domain.bootstrap == .cloudInit else { return [] }
        let directory = Directories.working()
        let invalid = CloudConfig.problems(written, directory: directory, environment: variables).map { problem in
            Diagnostic(.error, at: root.appending(problem.key), in: sources, problem.message)
        }
        guard let user = try? CloudConfig.writtenUserData(written, directory: directory, environment: variables) else { return invalid }
        let document = root.appending(CloudInitDocument.userData.rawValue)
        let isFile = written[CloudInitDocument.userData.rawValue] != user
        return invalid
            + CloudConfig.loginProblems(user, sshUser: domain.sshUser ?? "root").map { problem in
                let severity: Diagnostic.Severity = problem.isWarning ? .warning : .error
                guard isFile else {
                    let path = problem.path.reduce(document) { path, key in Int(key).map { path.appending($0) } ?? path.appending(key) }
                    return Diagnostic(severity, at: path, in: sources, problem.message)
                }
                return Diagnostic(severity, at: document, in: sources, "\(problem.path.joined(separator: ".")): \(problem.message)")
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

extension Reference.Kind {
    /// Whether an init refuses this whatever the host has.
    fileprivate func isUnsupported(_ variables: [String: String]) -> Bool {
        switch self {
        case .ova, .vmType, .unwritten: true
        case .download(let url): !Expansion.expand(url, variables: variables).hasPrefix("file://")
        case .template, .image, .file, .deployScript, .cloudInitFile: false
        }
    }
}
