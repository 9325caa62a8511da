import Glibc

@testable import AtollBootstrap

/// A guest's filesystem in memory.
final class MemoryFilesystem {
    var entries: [String: GuestFile] = [:]

    init(_ files: [GuestFile] = []) { for file in files { put(file) } }

    /// Files by path and text, directories by a path that ends in `/`.
    convenience init(texts: [String: String]) {
        self.init(texts.map { $0.key.hasSuffix("/") ? .directory(String($0.key.dropLast())) : .text($0.key, $0.value) })
    }

    func put(_ file: GuestFile) {
        var parent = file.path
        while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
            parent = String(parent[..<slash])
            if entries[parent] == nil { entries[parent] = .directory(parent) }
        }
        entries[file.path] = file
    }

    subscript(path: String) -> String? { entries[path]?.text }
}

extension MemoryFilesystem: GuestFilesystem {
    func status(_ path: String) -> GuestFileStatus? {
        entries[path].map { entry in
            let kind: GuestFileStatus.Kind =
                switch entry.content {
                case .file: .file
                case .directory: .directory
                case .link: .link
                }
            return GuestFileStatus(kind: kind, mode: entry.mode, owner: entry.owner, group: entry.group)
        }
    }
    func read(_ path: String) throws -> [UInt8] {
        guard case .file(let bytes)? = entries[path]?.content else { throw BootstrapError(.disk, "no file \(path)") }
        return bytes
    }
    func glob(_ pattern: String) -> [String] { entries.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted() }
    func remove(_ path: String) { entries = entries.filter { $0.key != path && !$0.key.hasPrefix(path + "/") } }
    func install(_ files: [GuestFile]) { for file in files { put(file) } }
    func relabel(_ paths: [String], policy: String) -> Bool { false }
}

/// An appliance in memory: block devices with a type, a UUID and, where they hold one, a filesystem. Volume groups are seen only
/// through the filter, and two filesystems of one UUID are never mounted together.
final class MemoryAppliance: DiskAppliance, ApplianceSession {
    struct Device {
        var name: String
        var type: String
        var uuid = ""
        var label = ""
        /// Logical volumes on it, when it is a physical volume.
        var volumes: [Device] = []
        var filesystem: MemoryFilesystem?
        var subvolumes: [String: MemoryFilesystem] = [:]
    }
    var contents: [String: [Device]]
    let order: [String]
    var visible: [Device] = []
    var mounted: [(directory: String, device: String, filesystem: MemoryFilesystem)] = []
    var log: [String] = []
    var isClosed = false
    /// btrfs UUIDs this appliance's kernel knows.
    var mountedBtrfs: [String: String] = [:]

    init(_ disks: [(String, [Device])]) {
        order = disks.map(\.0)
        contents = Dictionary(uniqueKeysWithValues: disks)
    }

    private func device(_ name: String) -> Device? { (contents.values.flatMap { $0 } + visible).first { $0.name == name } }
    private var root: MemoryFilesystem {
        get throws { try mounted.first { $0.directory == "/" }?.filesystem ?? { throw BootstrapError(.disk, "nothing mounted") }() }
    }

    func disks() -> [String] { order }
    func partitions() -> [String] { order.flatMap { contents[$0]?.map(\.name) ?? [] }.filter { !order.contains($0) } }
    func filesystemType(_ name: String) -> String {
        log.append("type \(name)")
        return device(name)?.type ?? ""
    }
    func filesystemUUID(_ name: String) -> String { device(name)?.uuid ?? "" }
    func filesystemLabel(_ name: String) -> String { device(name)?.label ?? "" }
    func restrictVolumeGroups(to devices: [String]) throws {
        guard mounted.isEmpty else { throw BootstrapError(.disk, "volume groups are busy") }
        log.append("filter \(devices.joined(separator: ","))")
        visible = devices.flatMap { device($0)?.volumes ?? [] }
    }
    func logicalVolumes() -> [String] { visible.map(\.name) }
    func subvolumes() throws -> [String] { (device(mounted[0].device)?.subvolumes.keys).map { $0.sorted() } ?? [] }
    func mount(_ name: String, at directory: String, options: String) throws {
        guard let found = device(name) else { throw BootstrapError(.disk, "no device \(name)") }
        if mounted.contains(where: { device($0.device)?.uuid == found.uuid && $0.device != name && !found.uuid.isEmpty }) {
            throw BootstrapError(.disk, "duplicate UUID \(found.uuid)")
        }
        if found.type == "btrfs", let other = mountedBtrfs[found.uuid], other != name { throw BootstrapError(.disk, "File exists") }
        if found.type == "btrfs", options != "ro" { mountedBtrfs[found.uuid] = name }
        let subvolume = options.hasPrefix("subvol=") ? found.subvolumes[String(options.dropFirst(7))] : nil
        guard let filesystem = subvolume ?? found.filesystem else { throw BootstrapError(.disk, "wrong fs type on \(name)") }
        log.append("mount \(name) \(directory)\(options.isEmpty ? "" : " " + options)")
        mounted.append((directory, name, filesystem))
    }
    func unmountAll() { mounted = [] }
    func close() { isClosed = true }
    func abandon() { isClosed = true }

    func status(_ path: String) throws -> GuestFileStatus? { try root.status(path) }
    func read(_ path: String) throws -> [UInt8] { try root.read(path) }
    func glob(_ pattern: String) throws -> [String] { try root.glob(pattern) }
    func remove(_ path: String) throws { try root.remove(path) }
    func install(_ files: [GuestFile]) throws { try root.install(files) }
    func relabel(_ paths: [String], policy: String) throws -> Bool { false }
}

extension MemoryFilesystem {
    /// Enough of a Debian with ifupdown to be recognised.
    static func debian() -> MemoryFilesystem {
        MemoryFilesystem(texts: [
            "/usr/lib/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
            "/etc/fstab": "# root\nUUID=aaaa / ext4 defaults 0 1\n", "/sbin/ifup": "", "/etc/network/interfaces": "auto eth0\n",
        ])
    }
}
