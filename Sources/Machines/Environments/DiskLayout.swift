import AtollHostPorts
import AtollDocuments
import AtollModel
import AtollPlatform
import OrderedCollections

/// Decides, once templates are known, what every disk is layered on and how every guest gets its identity.
struct DiskLayout {
    /// One template as an init file names it.
    struct Wish: Hashable, Sendable, CustomStringConvertible {
        var name: String
        var version: String?
        var description: String { version.map { "\(name):\($0)" } ?? name }
    }
    typealias Images = [Wish: StoredImage]

    var host: Host
    var request: InitRequest
    var images: Images

    /// Every distinct template, in file order.
    static func templates(of environment: Environment) -> [Wish] {
        var seen: Set<Wish> = []
        return environment.machines.values.filter(\.isLocal).flatMap(\.spec.disks).compactMap { disk in
            guard case .template(let name, let version) = disk.origin else { return nil }
            let wish = Wish(name: name, version: version)
            return seen.insert(wish).inserted ? wish : nil
        }
    }

    /// The environment with disks and bootstrap kinds.
    func filled(_ environment: Environment) async throws -> Environment {
        var environment = environment
        for name in environment.machines.keys {
            guard var machine = environment.machines[name], machine.isLocal else { continue }
            machine.disks = try machine.spec.disks.map { try disk($0, of: machine) }
            machine.bootstrap = bootstrap(of: machine)
            environment.machines[name] = machine
        }
        return environment
    }

    private func disk(_ spec: DiskSpec, of machine: Machine) throws -> Disk {
        let path = request.files.savedImagePath(machine: machine.name, disk: spec)
        var disk = Disk(name: spec.name, device: spec.device, format: spec.format, path: path, metadata: spec.metadata)
        switch spec.origin {
        case .template(let name, let version):
            guard let image = images[Wish(name: name, version: version)] else {
                throw EnvironmentError(.hostFailure, "template \(name) was not fetched")
            }
            disk.backing = [Disk.Layer(path: image.path, format: image.format)]
            // The store knows its image better than the init file does (spec 2.3).
            for (key, value) in image.metadata.sorted(by: { $0.key < $1.key }) { disk.metadata[key] = value }
        case .qcow2(let written):
            let base = absolute(written)
            disk.backing = [Disk.Layer(path: base, format: .qcow2)]
        case .empty: break
        case .file(let written, let url, let copy):
            if !copy, url == nil, let written { disk.path = absolute(written) }
        }
        return disk
    }

    private func absolute(_ written: String) -> String {
        Directories.absolute(Expansion.expandPath(written, variables: request.variables), relativeTo: Directories.working())
    }

    private func bootstrap(of machine: Machine) -> BootstrapKind {
        guard !request.skipBootstrap, let first = machine.spec.disks.first, first.format != .iso else { return .none }
        if case .empty = first.origin { return .none }
        if let asked = machine.spec.bootstrap { return asked }
        if machine.spec.cloudInit != nil { return .cloudInit }
        return (machine.disks.first?.metadata["bootstrap"]?.text).flatMap(BootstrapKind.init) ?? .sysprep
    }
}

extension DiskSpec.Origin {
    /// The same with the variables in its places put in: only the init knows where its file was.
    func expanded(_ variables: [String: String]) -> DiskSpec.Origin {
        switch self {
        case .template, .empty: self
        case .qcow2(let path): .qcow2(path: Expansion.expandPath(path, variables: variables))
        case .file(let path, let url, let copy):
            .file(
                path: path.map { Expansion.expandPath($0, variables: variables) },
                url: url.map { Expansion.expand($0, variables: variables) },
                copy: copy)
        }
    }
}
