import CGuestfs
import Glibc

/// Devices, partitions, filesystems, volume groups.
extension Appliance {
    /// Whole disks in the order they were added: `/dev/sda`, …
    package func devices() throws(GuestfsError) -> [String] { try strings("list the disks", "guestfs_list_devices") }

    /// Partitions of all disks.
    package func partitions() throws(GuestfsError) -> [String] { try strings("list the partitions", "guestfs_list_partitions") }

    /// `ext4`, `xfs`, `LVM2_member`, …; empty when unknown.
    package func filesystemType(_ device: String) throws(GuestfsError) -> String {
        try text("detect the filesystem of '\(device)'", "guestfs_vfs_type", device)
    }

    package func filesystemLabel(_ device: String) throws(GuestfsError) -> String {
        try text("read the label of '\(device)'", "guestfs_vfs_label", device)
    }

    package func filesystemUUID(_ device: String) throws(GuestfsError) -> String {
        try text("read the UUID of '\(device)'", "guestfs_vfs_uuid", device)
    }

    /// Mounts a device or subvolume. `options` as for mount(8): `nouuid` for one of several XFS clones, `ro`, `subvol=…`; empty for none.
    package func mount(_ device: String, at directory: String = "/", options: String = "") throws(GuestfsError) {
        let mount: Signature.DoThreeTexts = try library.function("guestfs_mount_options")
        _ = try check("mount '\(device)'") { mount($0, options, device, directory) }
    }

    package func unmountAll() throws(GuestfsError) { try run("unmount all filesystems", "guestfs_umount_all") }

    /// Installs the extlinux boot loader into the directory that holds its configuration.
    package func installExtlinux(_ directory: String) throws(GuestfsError) {
        try run("install the boot loader in '\(directory)'", "guestfs_extlinux", directory)
    }

    /// Limits LVM to these devices (disks or partitions) and activates their volume groups: clones have equal names and UUIDs.
    package func restrictLVM(to devices: [String]) throws(GuestfsError) {
        try list("restrict LVM to \(devices.joined(separator: ", "))", "guestfs_lvm_set_filter", devices)
    }

    /// Logical volumes of the active volume groups, as `/dev/GROUP/VOLUME`.
    package func logicalVolumes() throws(GuestfsError) -> [String] { try strings("list the logical volumes", "guestfs_lvs") }

    /// Paths of the btrfs subvolumes of the filesystem mounted at `mountpoint` (or on the device of that name).
    package func subvolumes(_ mountpoint: String = "/") throws(GuestfsError) -> [String] {
        let list: Signature.GetSubvolumes = try library.function("guestfs_btrfs_subvolume_list")
        let release: Signature.FreeSubvolumes = try library.function("guestfs_free_btrfssubvolume_list")
        let result = try call("list the subvolumes of '\(mountpoint)'") { handle -> [String]? in
            guard let found = list(handle, mountpoint) else { return nil }
            defer { release(found) }
            return (0..<Int(found.pointee.len)).compactMap { found.pointee.val[$0].btrfssubvolume_path.map { String(cString: $0) } }
        }
        guard let names = result.value else { throw result.error }
        return names
    }
}
