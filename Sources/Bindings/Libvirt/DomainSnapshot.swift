import CLibvirt

/// Progress of a block job, in bytes.
package struct BlockJob: Sendable, Equatable {
    package var done: UInt64
    package var total: UInt64

    /// Fraction of the data copied, 0 to 1.
    package var fraction: Double { total == 0 ? 0 : Double(done) / Double(total) }
    /// Whether all data that is known now is copied; the guest may write more.
    package var isCopied: Bool { total > 0 && done == total }
}

extension Domain {
    /// Creates an external snapshot of disks only, all disks or none, without libvirt metadata. The overlays must exist.
    package func createDiskSnapshot(xml: String) throws(LibvirtError) {
        let flags =
            VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY.rawValue | VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC.rawValue
            | VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA.rawValue | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT.rawValue
        guard let snapshot = virDomainSnapshotCreateXML(raw, xml, flags) else {
            throw LibvirtError.last("snapshot the domain \(name)")
        }
        virDomainSnapshotFree(snapshot)
    }

    /// Starts to merge the top layer of a disk into its backing file; returns at once. The job ends by `finishBlockJob`.
    package func startCommit(disk: String) throws(LibvirtError) {
        let flags = VIR_DOMAIN_BLOCK_COMMIT_ACTIVE.rawValue | VIR_DOMAIN_BLOCK_COMMIT_SHALLOW.rawValue
        try check("merge the disk \(disk) of", virDomainBlockCommit(raw, disk, nil, nil, 0, flags))
    }

    /// The block job of a disk; nil if there is none.
    package func blockJob(disk: String) throws(LibvirtError) -> BlockJob? {
        var info = virDomainBlockJobInfo()
        let found = virDomainGetBlockJobInfo(raw, disk, &info, 0)
        try check("read the block job of disk \(disk) of", found)
        return found == 0 ? nil : BlockJob(done: info.cur, total: info.end)
    }

    /// Ends the block job of a disk.
    /// - Parameter pivot: whether the job's target becomes the top layer; if not, the job has no effect.
    /// - Throws: an error that `isBlockJobUnfinished` if `pivot` is too early.
    package func finishBlockJob(disk: String, pivot: Bool) throws(LibvirtError) {
        let flags = pivot ? VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT.rawValue : 0
        try check("end the block job of disk \(disk) of", virDomainBlockJobAbort(raw, disk, flags))
    }
}

extension LibvirtError {
    /// The block job has not copied everything yet.
    package var isBlockJobUnfinished: Bool { code == Self.number(VIR_ERR_BLOCK_COPY_ACTIVE) }
    /// An argument of the call is invalid: an unknown disk, a path that is not a saved domain.
    package var isInvalidArgument: Bool { code == Self.number(VIR_ERR_INVALID_ARG) }
}
