/// Finds and mounts the root filesystem of one disk of an appliance, with the filesystems its fstab puts into it.
struct RootFilesystem {
    let appliance: any DiskAppliance
    /// The disk in the appliance, `/dev/sdb`.
    let disk: String
    /// Its partitions and, once they are active, the logical volumes on it.
    private var devices: [String] = []
    private var types: [String: String] = [:]
    private(set) var notes: [String] = []
    private var failedMounts: [String] = []

    /// Looks at this disk's partitions and volumes; every other disk is out of LVM's sight from here on.
    /// - Parameter partitions: those of all disks; asking for them costs half a second under emulation, so it is done once.
    /// - Parameter layout: of a disk that this one is a clone of; it is not looked for again then.
    init(of disk: String, partitions: [String], layout: Layout? = nil, in appliance: any DiskAppliance) throws {
        self.appliance = appliance
        self.disk = disk
        let partitions = partitions.filter { Self.isPartition($0, of: disk) }
        devices = partitions.isEmpty ? [disk] : partitions
        let known = layout.flatMap { $0.isComplete(for: devices.map { String($0.dropFirst(disk.count)) }) ? $0 : nil }
        for device in devices {
            types[device] = try known?.types[String(device.dropFirst(disk.count))] ?? appliance.filesystemType(device)
        }
        let physical = devices.filter { types[$0] == "LVM2_member" }
        guard !physical.isEmpty else { return }
        try appliance.restrictVolumeGroups(to: physical)
        for volume in try appliance.logicalVolumes() {
            devices.append(volume)
            types[volume] = try appliance.filesystemType(volume)
        }
    }

    /// What is on the partitions of a disk, by what follows the disk's name: `1` to `ext4`.
    struct Layout: Equatable {
        fileprivate(set) var types: [String: String]

        /// Volume groups and btrfs are told apart by identities that clones share: each disk is asked for its own.
        fileprivate func isComplete(for partitions: [String]) -> Bool {
            types.keys.sorted() == partitions.sorted() && !types.values.contains { ["LVM2_member", "btrfs"].contains($0) }
        }
    }

    /// Of its partitions, without the volumes on them.
    var layout: Layout {
        let own = types.filter { $0.key.hasPrefix(disk) }
        return Layout(types: Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(disk.count)), $0.value) }))
    }

    /// UUIDs of the btrfs filesystems on the disk. The kernel remembers a btrfs by UUID for as long as it runs and refuses a clone
    /// that is older than the one it knows, so two with one UUID never share an appliance.
    func btrfsUUIDs() throws -> Set<String> {
        Set(try devices.filter { types[$0] == "btrfs" }.map { try appliance.filesystemUUID($0) })
    }

    /// Mounts it, for writing, at `/`.
    /// - Parameter hint: the template's `root-partition`, `/dev/sda4` or `/dev/centos/root`, as the guest names it.
    /// - Throws: `.noOperatingSystem`, saying what was looked at.
    mutating func mount(hint: String?) throws {
        let holders: Set<String> = ["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs"]
        var candidates = devices.filter { holders.contains(types[$0] ?? "") }
        // Bigger things come later on a disk: /boot is usually first, the root last, and volumes follow partitions.
        candidates.reverse()
        if let hint, let device = translate(hint), let index = candidates.firstIndex(of: device) {
            candidates.insert(candidates.remove(at: index), at: 0)
        } else if let hint {
            notes.append("the template says root-partition \(hint), which its disk does not have; it was looked for")
        }
        for device in candidates {
            if try mountRoot(device, subvolume: nil) { return try mountRest() }
            guard types[device] == "btrfs" else { continue }
            try appliance.mount(device, at: "/", options: "ro")
            let subvolumes = try appliance.subvolumes()
            try appliance.unmountAll()
            for subvolume in subvolumes where try mountRoot(device, subvolume: subvolume) { return try mountRest() }
        }
        let seen = devices.map { device in
            let type = types[device] ?? ""
            return "\(inGuestTerms(device)) (\(type.isEmpty ? "unknown" : type))"
        }.joined(separator: ", ")
        throw BootstrapError(
            .noOperatingSystem,
            "no operating system found: none of \(seen) holds /etc/os-release, /usr/lib/os-release, or /etc/fstab with /etc/passwd"
                + failedMounts.joined())
    }

    private mutating func mountRoot(_ device: String, subvolume: String?) throws -> Bool {
        let options = subvolume.map { "subvol=\($0)" } ?? ""
        do { try appliance.mount(device, at: "/", options: options) } catch {
            // A damaged filesystem beside the root is no reason to give up; where no root is found it is told.
            failedMounts.append("; \(inGuestTerms(device)) cannot be mounted: \(error)")
            return false
        }
        if try ["/etc/os-release", "/usr/lib/os-release"].contains(where: appliance.exists) { return true }
        if try appliance.exists("/etc/fstab"), try appliance.exists("/etc/passwd") { return true }
        try appliance.unmountAll()
        return false
    }

    /// What fstab mounts below `/` and a recipe may touch.
    private mutating func mountRest() throws {
        guard let text = try appliance.text("/etc/fstab") else { return }
        let wanted: Set<String> = ["/boot", "/usr", "/var", "/var/lib", "/root"]
        var entries: [[String]] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard fields.count >= 4, wanted.contains(fields[1]), !fields[3].split(separator: ",").contains("noauto") else { continue }
            entries.append(fields)
        }
        entries.sort { $0[1].count < $1[1].count }
        for entry in entries {
            let subvolume = entry[3].split(separator: ",").first { $0.hasPrefix("subvol=") }.map(String.init)
            do {
                guard let device = try resolve(entry[0]) else {
                    notes.append("its fstab mounts \(entry[0]) at \(entry[1]), which is not on its first disk; it was left out")
                    continue
                }
                try appliance.mount(device, at: entry[1], options: subvolume ?? "")
            } catch { notes.append("\(entry[0]) could not be mounted at \(entry[1]): \(error)") }
        }
    }

    /// A first field of fstab as a device of this disk. UUIDs are compared with this disk's own filesystems only.
    private func resolve(_ source: String) throws -> String? {
        let parts = source.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return translate(source) }
        let value = parts[1].filter { $0 != "\"" }
        switch parts[0] {
        case "UUID": return try devices.first { try appliance.filesystemUUID($0) == value }
        case "LABEL": return try devices.first { try appliance.filesystemLabel($0) == value }
        default: return nil
        }
    }

    /// `/dev/vda4` to this disk's fourth partition; `/dev/centos/root` and `/dev/mapper/centos-root` to its volume.
    func translate(_ name: String) -> String? {
        let short = name.hasPrefix("/dev/") ? String(name.dropFirst(5)) : name
        if short.hasPrefix("mapper/") {
            // The mapper joins group and volume by a dash and doubles the dashes within them.
            return devices.first { device in
                let parts = device.dropFirst(5).split(separator: "/")
                guard parts.count == 2 else { return false }
                let doubled = parts.map { $0.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--") }
                return doubled.joined(separator: "-") == short.dropFirst(7)
            }
        }
        if let volume = devices.first(where: { $0 == "/dev/" + short && $0.dropFirst(5).contains("/") }) { return volume }
        // The guest's first disk on whatever bus; its others are not in this appliance.
        for first in ["vda", "sda", "hda", "xvda"] where short.hasPrefix(first) {
            return devices.first { $0 == disk + short.dropFirst(first.count) }
        }
        return nil
    }

    /// `/dev/sdc1` is the third disk's here; the user knows it as the first partition of the disk.
    private func inGuestTerms(_ device: String) -> String {
        if device == disk { return "the whole disk" }
        return device.hasPrefix(disk) ? "partition \(device.dropFirst(disk.count))" : device
    }

    private static func isPartition(_ device: String, of disk: String) -> Bool {
        device.hasPrefix(disk) && device.count > disk.count && device.dropFirst(disk.count).allSatisfy(\.isNumber)
    }
}
