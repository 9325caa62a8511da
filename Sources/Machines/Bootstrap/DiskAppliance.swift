/// What giving disks an identity needs from an appliance: find a guest's root filesystem, mount it, write into it.
///
/// Device names are the appliance's; one disk's are `/dev/sdX` and what starts with it. Nothing here may act on all disks at
/// once where disks can be clones of each other: equal UUIDs and volume group names would meet.
protocol DiskAppliance: GuestFilesystem {
    /// In the order the disks were added.
    func disks() throws -> [String]
    /// Of all disks.
    func partitions() throws -> [String]
    /// `ext4`, `xfs`, `LVM2_member`, `swap`, …; empty when nothing is known of it.
    func filesystemType(_ device: String) throws -> String
    func filesystemUUID(_ device: String) throws -> String
    func filesystemLabel(_ device: String) throws -> String
    /// Lets LVM see these devices alone; volume groups found there are active afterwards, all others are not.
    func restrictVolumeGroups(to devices: [String]) throws
    /// `/dev/GROUP/VOLUME` of what is active.
    func logicalVolumes() throws -> [String]
    /// Names of the btrfs subvolumes of what is mounted at `/`.
    func subvolumes() throws -> [String]
    func mount(_ device: String, at directory: String, options: String) throws
    func unmountAll() throws
}
