import CGuestfs
import Glibc

/// Devices, partitions, filesystems, volume groups.
extension Appliance {
    /// Whole disks in the order they were added: `/dev/sda`, …
    public func devices() throws(GuestfsError) -> [String] { try strings("list the disks", "guestfs_list_devices") }

    /// Partitions of all disks.
    public func partitions() throws(GuestfsError) -> [String] { try strings("list the partitions", "guestfs_list_partitions") }

    /// Everything mountable on all disks, device to filesystem type (`ext4`, `swap`, `unknown`, …). It activates volume groups.
    public func filesystems() throws(GuestfsError) -> [String: String] {
        Appliance.pairs(try strings("list the filesystems", "guestfs_list_filesystems"))
    }

    /// `ext4`, `xfs`, `LVM2_member`, …; empty when unknown.
    public func filesystemType(_ device: String) throws(GuestfsError) -> String {
        try text("tell the filesystem on \(device)", "guestfs_vfs_type", device)
    }

    public func filesystemLabel(_ device: String) throws(GuestfsError) -> String {
        try text("read the label of \(device)", "guestfs_vfs_label", device)
    }

    public func filesystemUUID(_ device: String) throws(GuestfsError) -> String {
        try text("read the UUID of \(device)", "guestfs_vfs_uuid", device)
    }

    /// Size in bytes.
    public func size(of device: String) throws(GuestfsError) -> Int64 {
        let size: Signature.GetLong = try library.function("guestfs_blockdev_getsize64")
        let result = try call("measure \(device)") { size($0, device) }
        if result.value == -1 { throw result.error }
        return result.value
    }

    /// The device as the appliance lists it, for a name such as `/dev/vda1` or `/dev/disk/guestfs/LABEL`.
    public func canonicalName(_ device: String) throws(GuestfsError) -> String {
        try text("find \(device)", "guestfs_canonical_device_name", device)
    }

    /// Writes an empty partition table: `mbr` or `gpt`.
    public func createPartitionTable(_ kind: String, on device: String) throws(GuestfsError) {
        try run("make a partition table on \(device)", "guestfs_part_init", device, kind)
    }

    /// Adds a primary partition from sector to sector, both included; a negative end counts from the disk's end.
    public func addPartition(on device: String, from start: Int64, to end: Int64) throws(GuestfsError) {
        let add: Signature.DoTwoTextsTwoOffsets = try library.function("guestfs_part_add")
        _ = try check("add a partition to \(device)") { add($0, device, "p", start, end) }
    }

    /// Sets or clears the boot flag of partition `number`, counted from 1.
    public func setBootable(_ bootable: Bool, partition number: Int, of device: String) throws(GuestfsError) {
        let set: Signature.DoTextTwoNumbers = try library.function("guestfs_part_set_bootable")
        _ = try check("set the boot flag on \(device)") { set($0, device, Int32(clamping: number), bootable ? 1 : 0) }
    }

    /// Writes bytes at an offset of the raw device.
    public func write(_ bytes: [UInt8], toDevice device: String, at offset: Int64) throws(GuestfsError) {
        let write: Signature.DoTextBytesOffset = try library.function("guestfs_pwrite_device")
        let written = try check("write \(bytes.count) bytes to \(device)") { handle in
            bytes.withUnsafeBytes { write(handle, device, $0.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, offset) }
        }
        if Int(written) != bytes.count {
            throw GuestfsError(.failed, "write \(bytes.count) bytes to \(device)", "only \(written) bytes were written")
        }
    }

    /// Makes a filesystem, with `features` as mkfs takes them (`^64bit`), or none.
    public func makeFilesystem(_ type: String, on device: String, label: String? = nil, features: String? = nil) throws(GuestfsError) {
        let make: Signature.MakeFilesystem = try library.function("guestfs_mkfs_opts_argv")
        _ = try check("make \(type) on \(device)") { handle in
            (label ?? "").withCString { name in
                (features ?? "").withCString { list in
                    var argument = guestfs_mkfs_opts_argv()
                    if label != nil {
                        argument.bitmask |= 1 << UInt64(GUESTFS_MKFS_OPTS_LABEL)
                        argument.label = name
                    }
                    if features != nil {
                        argument.bitmask |= 1 << UInt64(GUESTFS_MKFS_OPTS_FEATURES)
                        argument.features = list
                    }
                    return make(handle, type, device, &argument)
                }
            }
        }
    }

    /// Mounts a device or subvolume. `options` as for mount(8): `nouuid` for one of several XFS clones, `ro`, `subvol=…`; empty for none.
    public func mount(_ device: String, at directory: String = "/", options: String = "") throws(GuestfsError) {
        let mount: Signature.DoThreeTexts = try library.function("guestfs_mount_options")
        _ = try check("mount \(device)") { mount($0, options, device, directory) }
    }

    public func unmountAll() throws(GuestfsError) { try run("unmount everything", "guestfs_umount_all") }

    /// Waits until all writes have reached the images.
    public func sync() throws(GuestfsError) { try run("flush the disks", "guestfs_sync") }

    /// Installs the extlinux boot loader into a directory of the mounted filesystem that holds its configuration.
    public func installExtlinux(_ directory: String) throws(GuestfsError) {
        try run("install the boot loader in \(directory)", "guestfs_extlinux", directory)
    }

    /// Zeroes the free blocks of an ext filesystem that is not mounted.
    public func zeroFreeBlocks(_ device: String) throws(GuestfsError) {
        try run("zero the free blocks of \(device)", "guestfs_zerofree", device)
    }

    /// Discards the free blocks of what is mounted at `mountpoint`.
    public func trim(_ mountpoint: String) throws(GuestfsError) {
        let trim: Signature.Trim = try library.function("guestfs_fstrim_argv")
        var argument = guestfs_fstrim_argv()
        _ = try check("discard free blocks of \(mountpoint)") { trim($0, mountpoint, &argument) }
    }

    /// Grows an ext filesystem that is not mounted to its device's size.
    public func growExt(_ device: String) throws(GuestfsError) { try run("grow the filesystem on \(device)", "guestfs_resize2fs", device) }

    /// Lets LVM see only these devices (disks or partitions), and activates the volume groups on them: clones have equal names and UUIDs.
    public func restrictLVM(to devices: [String]) throws(GuestfsError) {
        try list("restrict LVM to \(devices.joined(separator: ", "))", "guestfs_lvm_set_filter", devices)
    }

    /// Lets LVM see every device again.
    public func clearLVMFilter() throws(GuestfsError) { try run("let LVM see all disks", "guestfs_lvm_clear_filter") }

    public func scanVolumeGroups() throws(GuestfsError) { try run("scan for volume groups", "guestfs_vgscan") }

    /// Names of the volume groups LVM sees.
    public func volumeGroups() throws(GuestfsError) -> [String] { try strings("list the volume groups", "guestfs_vgs") }

    /// `/dev/GROUP/VOLUME` of the active volume groups.
    public func logicalVolumes() throws(GuestfsError) -> [String] { try strings("list the logical volumes", "guestfs_lvs") }

    /// Activates or deactivates volume groups; all of them when `groups` is empty.
    public func setActive(_ active: Bool, volumeGroups groups: [String] = []) throws(GuestfsError) {
        let operation = active ? "activate volume groups" : "deactivate volume groups"
        if groups.isEmpty { return try number(operation, "guestfs_vg_activate_all", active ? 1 : 0) }
        let activate: Signature.DoNumberList = try library.function("guestfs_vg_activate")
        _ = try check(operation) { handle in withCStrings(groups) { activate(handle, active ? 1 : 0, $0) } }
    }

    /// Paths of the btrfs subvolumes of what is mounted at `mountpoint` (or lies on the device of that name).
    public func subvolumes(_ mountpoint: String = "/") throws(GuestfsError) -> [String] {
        let list: Signature.GetSubvolumes = try library.function("guestfs_btrfs_subvolume_list")
        let release: Signature.FreeSubvolumes = try library.function("guestfs_free_btrfssubvolume_list")
        let result = try call("list the subvolumes of \(mountpoint)") { handle -> [String]? in
            guard let found = list(handle, mountpoint) else { return nil }
            defer { release(found) }
            return (0..<Int(found.pointee.len)).compactMap { found.pointee.val[$0].btrfssubvolume_path.map { String(cString: $0) } }
        }
        guard let names = result.value else { throw result.error }
        return names
    }

    static func pairs(_ flat: [String]) -> [String: String] {
        var result: [String: String] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { result[flat[index]] = flat[index + 1] }
        return result
    }
}
