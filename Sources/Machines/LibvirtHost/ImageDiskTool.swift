package import AtollHostPorts
import AtollCommands
import AtollDiskImages
package import AtollModel
import AtollPlatform
package import AtollTemplates

/// Disk images with qemu-img, made so that QEMU's user and the caller's group can use them and nobody else.
package struct ImageDiskTool: DiskTool {
    private let variables: [String: String]
    private let store: TemplateStore

    /// - Parameter variables: the process environment; LIBGUESTFS_BACKEND in it is respected.
    /// - Parameter store: its templates are held while an overlay on them is made, so that `template gc` cannot take one away in between.
    package init(variables: [String: String], store: TemplateStore) {
        self.variables = variables
        self.store = store
    }

    package func exists(_ path: String) async throws -> Bool { SystemCall.exists(path) }

    package func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws {
        switch recipe.origin {
        case .template, .qcow2:
            guard let base = disk.backing.first else {
                throw EnvironmentError(.hostFailure, "disk \(disk.name) has nothing to be layered on")
            }
            let held = try await hold(under: base)
            defer { for lock in held { lock.release() } }
            try await QemuImg.createOverlay(disk.path, on: base.path, format: base.format, size: try Self.size(disk, on: base, recipe))
        case .empty(let size):
            guard let bytes = ByteSize(size)?.bytes else {
                throw EnvironmentError(.malformed, "disk \(disk.name): \"\(size)\" is no size; write a number with k, M, G or T, as 10G")
            }
            try await QemuImg.createEmpty(disk.path, format: disk.format, size: bytes)
        case .file(let path, let url, _):
            let source = try local(path: path, url: url, disk: disk.name)
            try Self.checkCopy(of: source, as: disk.format)
            let held = try await hold(under: Disk.Layer(path: source, format: disk.format))
            defer { for lock in held { lock.release() } }
            _ = try await Digest.copy(from: source, to: disk.path) { done, total in progress(Double(done) / Double(max(total, 1))) }
        }
        let path = disk.path
        try await Blocking.run { _ = try ImageAccess.set(path, for: .disk) }
    }

    package func remove(_ path: String) async throws { try await Blocking.run { try Directories.removeTree(path) } }

    package func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws {
        var environment = ["LIBGUESTFS_BACKEND": variables["LIBGUESTFS_BACKEND"] ?? "direct"]
        if accelerator == .tcg { environment["LIBGUESTFS_BACKEND_SETTINGS"] = "force_tcg" }
        try await Tool.run("virt-customize", ["-q", "-a", path] + arguments, environment: environment)
    }

    package func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws {
        let machine = try await Blocking.run { try DiskPresence.completed(machine, files) }
        var looked: Set<String> = []
        for disk in machine.disks {
            for layer in disk.backing where looked.insert(layer.path).inserted {
                // Without a record there is nothing to hold it against: another tool's store.
                guard let (store, name) = store.template(at: layer.path), store.find(name)?.record != nil else { continue }
                do {
                    try await store.ensureBound(name) { event in
                        let (fraction, note) = event.progress
                        progress(fraction, "\(note) template \(name)")
                    }
                } catch let error as TemplateError where error.code == .changed {
                    throw EnvironmentError(
                        .refused,
                        "the disk \(disk.device) of \(machine.name) is layered on a template that is not the same any more: \(error.message). "
                            + "Put the right file back; or make the environment anew: atoll destroy, atoll template remove \(name), atoll init"
                    )
                }
            }
        }
    }

    /// A backing file that is named by its place beside the image would be looked for beside the copy.
    private static func checkCopy(of source: String, as format: DiskSpec.Format) throws {
        guard format == .qcow2, let header = try? ImageHeader.read(source), let backing = header.backingFile, !backing.hasPrefix("/"),
            let place = header.backingPath
        else { return }
        throw EnvironmentError(
            .refused,
            "\(source) backs on \(backing), beside it, which a copy elsewhere does not find. Use the file in place, or let it name the whole "
                + "path: qemu-img rebase -u -f qcow2 -F \(header.backingFormat ?? "FORMAT") -b \(place) \(source)")
    }

    /// What the overlay has to be made large; nil for as large as its base.
    private static func size(_ disk: Disk, on base: Disk.Layer, _ recipe: DiskSpec) throws -> Int64? {
        guard let wish = recipe.size else { return nil }
        let bytes = try ImageHeader.virtualSize(of: base.path, format: base.format)
        guard wish.bytes >= bytes || wish.isLeast else {
            throw EnvironmentError(
                .malformed,
                "disk \(disk.name): \(ByteSize(wish.bytes)) is less than \(base.path) has, \(ByteSize(bytes)); a disk cannot shrink")
        }
        return wish.bytes > bytes ? wish.bytes : nil
    }

    /// Locks every template that a disk on this image will lie on, at whatever depth.
    private func hold(under base: Disk.Layer) async throws -> [FileLock] {
        // A chain that cannot be followed is told when the disk is made, or when it is started.
        let deeper = (try? await Blocking.run { try ImageHeader.layers(under: base.path, format: base.format) }) ?? []
        var found: [String: (store: TemplateStore, name: TemplateName)] = [:]
        for layer in [base] + deeper {
            if let template = store.template(at: layer.path) { found[template.store.path(template.name)] = template }
        }
        var held: [FileLock] = []
        // In one order for everybody, so that two never wait for each other.
        for (_, template) in found.sorted(by: { $0.key < $1.key }) {
            held.append(try await template.store.hold(template.name, for: "making an overlay"))
        }
        return held
    }

    private func local(path: String?, url: String?, disk: String) throws -> String {
        guard let url else { return Directories.absolute(path ?? "", relativeTo: Directories.working()) }
        guard url.hasPrefix("file://") else {
            throw EnvironmentError(.refused, "disk \(disk): \(url) cannot be fetched; this version takes file:// addresses only")
        }
        return String(url.dropFirst("file://".count))
    }
}
