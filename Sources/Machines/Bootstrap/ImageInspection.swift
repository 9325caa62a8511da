package import AtollModel
import AtollPlatform

/// What in an image every VM made from it would share, or what keeps its VMs from getting an identity.
package enum ImageInspection {
    /// Mounts the image in an appliance, without writing to it.
    /// - Parameters:
    ///   - path: the raw image.
    ///   - bootstrap: what the template's metadata says; nil means sysprep.
    ///   - rootPartition: the template's `root-partition`.
    ///   - forceTCG: whether the appliance must not use hardware virtualisation.
    /// - Returns: one text per problem, each with its hint as a second line; empty for an image without an operating system.
    /// - Throws: `BootstrapError`, `.appliance` when there is none.
    package static func warnings(path: String, bootstrap: BootstrapKind?, rootPartition: String?, forceTCG: Bool) async throws -> [String] {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await Blocking.run {
                let appliance = try LiveAppliance(reading: path, format: .raw, forceTCG: forceTCG, cancellation: cancellation)
                defer { appliance.abandon() }
                var root = try RootFilesystem(of: LiveAppliance.deviceName(0), partitions: try appliance.partitions(), in: appliance)
                do { try root.mount(hint: rootPartition) } catch let error as BootstrapError where error.code == .noOperatingSystem {
                    return []
                }
                return try warnings(in: appliance, bootstrap: bootstrap)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    static func warnings(in filesystem: some GuestFilesystem, bootstrap: BootstrapKind?) throws -> [String] {
        var warnings: [String] = []
        let remnants = try IdentityPaths.remnants(in: filesystem)
        if !remnants.isEmpty {
            let sysprepRemoves = remnants.allSatisfy { $0.kind.isRemovedBySysprep || $0.kind == .machineID }
            let scope = sysprepRemoves ? "every VM with 'bootstrap: cloud-init' or 'bootstrap: none'" : "every VM"
            warnings.append(
                "\(scope) gets a copy of what belongs to one VM: \(IdentityPaths.summary(remnants))\n"
                    + "hint: remove these files from a copy of the image, then import the copy: \(IdentityPaths.removalCommand(remnants))")
        }
        guard bootstrap == .cloudInit else { return warnings }
        let readers = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init", "/usr/sbin/atoll-seed"]
        if try !readers.contains(where: filesystem.exists) {
            warnings.append(
                "'bootstrap=cloud-init' needs cloud-init in the image, which has none: its VMs ignore their seed\n"
                    + "hint: import it with --metadata bootstrap=sysprep")
        } else if try filesystem.exists(IdentityFiles.cloudInitDisabled.path) {
            warnings.append(
                "'bootstrap=cloud-init' needs cloud-init, which '\(IdentityFiles.cloudInitDisabled.path)' disables: its VMs ignore their seed\n"
                    + "hint: remove that file from the image, or import it with --metadata bootstrap=sysprep")
        }
        return warnings
    }
}
