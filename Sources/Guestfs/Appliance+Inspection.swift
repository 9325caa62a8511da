import CGuestfs
import Glibc

/// What is on a guest's disks, and running its own programs.
extension Appliance {
    /// One operating system found on the disks.
    public struct OperatingSystem: Sendable, Equatable {
        /// The device of its root filesystem, which names it to libguestfs.
        public var root: String
        /// `linux`, `windows`, …
        public var type: String
        /// `debian`, `ubuntu`, `rhel`, `centos`, `fedora`, …; `unknown` when the library cannot tell.
        public var distro: String
        public var major: Int
        public var minor: Int
        public var productName: String
        /// Mount point to device.
        public var mountpoints: [String: String]

        public init(
            root: String, type: String, distro: String, major: Int, minor: Int, productName: String, mountpoints: [String: String]
        ) {
            self.root = root
            self.type = type
            self.distro = distro
            self.major = major
            self.minor = minor
            self.productName = productName
            self.mountpoints = mountpoints
        }

        /// The order to mount them in: what lies deeper comes later.
        public var mountOrder: [(mountpoint: String, device: String)] {
            mountpoints.map { (mountpoint: $0.key, device: $0.value) }
                .sorted { ($0.mountpoint.count, $0.mountpoint) < ($1.mountpoint.count, $1.mountpoint) }
        }
    }

    /// Searches all disks for operating systems. It unmounts everything; with clones among the disks its answer is ambiguous.
    public func operatingSystems() throws(GuestfsError) -> [OperatingSystem] {
        var systems: [OperatingSystem] = []
        for root in try strings("search for operating systems", "guestfs_inspect_os") {
            let operation = "inspect \(root)"
            systems.append(
                OperatingSystem(
                    root: root, type: try text(operation, "guestfs_inspect_get_type", root),
                    distro: try text(operation, "guestfs_inspect_get_distro", root),
                    major: try version(operation, "guestfs_inspect_get_major_version", root),
                    minor: try version(operation, "guestfs_inspect_get_minor_version", root),
                    productName: try text(operation, "guestfs_inspect_get_product_name", root),
                    mountpoints: Appliance.pairs(try strings(operation, "guestfs_inspect_get_mountpoints", root))))
        }
        return systems
    }

    /// Mounts all filesystems of a system read-write. One that does not mount, other than the root, is left out, as fstab lines can be stale.
    public func mount(_ system: OperatingSystem, options: String = "") throws(GuestfsError) {
        for (mountpoint, device) in system.mountOrder {
            do throws(GuestfsError) { try mount(device, at: mountpoint, options: options) } catch {
                if mountpoint == "/" { throw error }
            }
        }
    }

    /// Runs one of the guest's own programs in the mounted guest and returns its output. It needs the guest's architecture to be ours.
    public func command(_ arguments: [String]) throws(GuestfsError) -> String {
        let run: Signature.GetTextOfList = try library.function("guestfs_command")
        let result = try call("run \(arguments.first ?? "") in the guest") { handle in
            withCStrings(arguments) { run(handle, $0) }.map(Appliance.taken)
        }
        guard let output = result.value else { throw result.error }
        return output
    }

    /// Gives `path`, and all below it, the SELinux labels of a file_contexts file of the guest.
    public func relabel(_ path: String, specification: String) throws(GuestfsError) {
        let relabel: Signature.Relabel = try library.function("guestfs_selinux_relabel_argv")
        var argument = guestfs_selinux_relabel_argv()
        argument.bitmask = 1 << UInt64(GUESTFS_SELINUX_RELABEL_FORCE)
        argument.force = 1
        _ = try check("relabel \(path)") { relabel($0, specification, path, &argument) }
    }

    /// Whether the appliance has these optional features: `extlinux`, `lvm2`, `selinuxrelabel`, `xfs`, …
    public func hasFeatures(_ groups: [String]) throws(GuestfsError) -> Bool {
        let available: Signature.DoList = try library.function("guestfs_feature_available")
        return try check("ask for features") { handle in withCStrings(groups) { available(handle, $0) } } == 1
    }

    /// The library's version, as "1.48.6".
    public func version() throws(GuestfsError) -> String {
        let get: Signature.GetVersion = try library.function("guestfs_version")
        let release: Signature.FreeVersion = try library.function("guestfs_free_version")
        let result = try call("ask for the version") { handle -> String? in
            guard let found = get(handle) else { return nil }
            defer { release(found) }
            return "\(found.pointee.major).\(found.pointee.minor).\(found.pointee.release)"
        }
        guard let version = result.value else { throw result.error }
        return version
    }

    private func version(_ operation: String, _ name: String, _ root: String) throws(GuestfsError) -> Int {
        let get: Signature.DoText = try library.function(name)
        return Int(try check(operation) { get($0, root) })
    }
}
