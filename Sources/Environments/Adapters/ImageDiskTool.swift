import AtollDiskImages
import AtollInitFile
public import AtollModel
import AtollPlatform

/// Disk images with qemu-img, made so that QEMU's user and the caller's group can use them and nobody else.
public struct ImageDiskTool: DiskTool {
    private let variables: [String: String]

    /// - Parameter variables: what paths in init files may name.
    public init(variables: [String: String]) { self.variables = variables }

    public func exists(_ path: String) async throws -> Bool { SystemCall.exists(path) }

    public func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws {
        switch recipe.origin {
        case .template, .qcow2:
            guard let base = disk.backing.first else { throw EnvironmentError(.hostFailure, "disk \(disk.name) has nothing to be layered on") }
            try await QemuImg.createOverlay(disk.path, on: base.path, format: base.format)
        case .empty(let size):
            guard let bytes = ByteSize(size)?.bytes else {
                throw EnvironmentError(.malformed, "disk \(disk.name): \"\(size)\" is no size; write a number with k, M, G or T, as 10G")
            }
            try await QemuImg.createEmpty(disk.path, format: disk.format, size: bytes)
        case .file(let path, let url, _):
            let source = try local(path: path, url: url, disk: disk.name)
            _ = try await Digest.copy(from: source, to: disk.path) { done, total in progress(Double(done) / Double(max(total, 1))) }
        }
        let path = disk.path
        try await Blocking.run { _ = try ImageAccess.set(path, for: .disk) }
    }

    public func remove(_ path: String) async throws { try await Blocking.run { try Directories.removeTree(path) } }

    private func local(path: String?, url: String?, disk: String) throws -> String {
        let written = Expansion.expand(path ?? url ?? "", variables: variables)
        if path != nil, url == nil { return Directories.absolute(written, relativeTo: Directories.working()) }
        let expanded = Expansion.expand(url ?? "", variables: variables)
        guard expanded.hasPrefix("file://") else {
            throw EnvironmentError(.refused, "disk \(disk): \(expanded) cannot be fetched; this version takes file:// addresses only")
        }
        return String(expanded.dropFirst("file://".count))
    }
}
