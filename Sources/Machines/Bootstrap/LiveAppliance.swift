import AtollGuestfs
import AtollModel
import AtollPlatform
import Glibc

/// The appliance of libguestfs, as sysprep uses it.
struct LiveAppliance: DiskAppliance, ApplianceSession {
    private let appliance: Appliance
    private let count: Int

    /// Adds the disks, in order, and starts it.
    init(disks: [SysprepBatch.Disk], forceTCG: Bool, cancellation: Cancellation) throws {
        count = disks.count
        do {
            // A second processor for the second disk's worth of udev and LVM probing while it starts.
            let appliance = try Appliance(Appliance.Options(forceTCG: forceTCG, processors: disks.count > 1 ? 2 : 1))
            self.appliance = appliance
            do {
                for disk in disks { try appliance.add(disk.path, format: disk.format.rawValue) }
                try cancellation.aborting({ appliance.cancel() }) { try appliance.launch() }
            } catch {
                appliance.close()
                throw error
            }
        } catch let error as GuestfsError {
            if error.code == .cancelled { throw BootstrapError(.cancelled, "interrupted while the appliance was starting", cause: error) }
            throw BootstrapError(.appliance, error.description, cause: error)
        }
    }

    func close() throws {
        defer { appliance.close() }
        do { try appliance.shutdown() } catch {
            throw BootstrapError(.disk, "the guests' disks may be incomplete: \(error)", cause: error)
        }
    }

    func abandon() { appliance.close() }

    /// `/dev/sda` means the first disk that was added, and so on (guestfs(3), "Block device naming"). Asking for the list would take an
    /// emulated appliance half a second.
    func disks() -> [String] { (0..<count).map(Self.deviceName) }

    /// `/dev/sdz` is followed by `/dev/sdaa`.
    static func deviceName(_ index: Int) -> String {
        var letters = ""
        var rest = index + 1
        while rest > 0 {
            rest -= 1
            letters = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))) + letters
            rest /= 26
        }
        return "/dev/sd" + letters
    }
    func partitions() throws -> [String] { try appliance.partitions() }
    func filesystemType(_ device: String) throws -> String { try appliance.filesystemType(device) }
    func filesystemUUID(_ device: String) throws -> String { try appliance.filesystemUUID(device) }
    func filesystemLabel(_ device: String) throws -> String { try appliance.filesystemLabel(device) }
    func restrictVolumeGroups(to devices: [String]) throws { try appliance.restrictLVM(to: devices) }
    func logicalVolumes() throws -> [String] { try appliance.logicalVolumes() }
    func subvolumes() throws -> [String] { try appliance.subvolumes("/") }
    func mount(_ device: String, at directory: String, options: String) throws {
        try appliance.mount(device, at: directory, options: options)
    }
    func unmountAll() throws { try appliance.unmountAll() }

    func status(_ path: String) throws -> GuestFileStatus? {
        guard let found = try appliance.status(path) else { return nil }
        let kind: GuestFileStatus.Kind = found.isFile ? .file : found.isDirectory ? .directory : found.isLink ? .link : .other
        return GuestFileStatus(kind: kind, mode: found.mode & 0o7777, owner: found.owner, group: found.group)
    }
    func read(_ path: String) throws -> [UInt8] { try appliance.read(path) }
    func glob(_ pattern: String) throws -> [String] { try appliance.glob(pattern).map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 } }
    func remove(_ path: String) throws { try appliance.remove(path) }

    /// One archive, whatever the number of files. It holds private keys: it lies in memory where the host has a place for that, and
    /// has no name from the moment it is made.
    func install(_ files: [GuestFile]) throws {
        let directory = SystemCall.isDirectory("/dev/shm") ? "/dev/shm" : "/tmp"
        let name = "\(directory)/atoll-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let descriptor = try SystemCall.check("make a file in \(directory)") { open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        defer { Glibc.close(descriptor) }
        try SystemCall.check("unlink a file in \(directory)") { unlink(name) }
        let archive = try TarArchive.bytes(of: files, time: Int64(time(nil)))
        var offset = 0
        while offset < archive.count {
            offset += try archive.withUnsafeBytes { raw in
                try SystemCall.check("fill a file in \(directory)") {
                    write(descriptor, raw.baseAddress?.advanced(by: offset), raw.count - offset)
                }
            }
        }
        try appliance.unpack("/proc/self/fd/\(descriptor)", to: "/")
    }

    func relabel(_ paths: [String], policy: String) throws -> Bool {
        let specification = "/etc/selinux/\(policy)/contexts/files/file_contexts"
        guard try appliance.hasFeatures(["selinuxrelabel"]), try appliance.exists(specification) else { return false }
        for path in paths { try appliance.relabel(path, specification: specification) }
        return true
    }
}
