import AtollModel
import AtollPlatform

/// A look at a machine's disks before QEMU is asked to open them, because its own words for a missing file help nobody.
enum DiskPresence {
    /// - Throws: `.refused`, naming the file that is gone and what to do.
    static func check(_ machine: Machine, _ files: PrefixFiles) throws {
        for disk in machine.disks {
            let image = files.resolved(disk.path)
            guard isThere(image) else {
                throw EnvironmentError(
                    .refused,
                    "the disk \(disk.device) of \(machine.name) is gone: there is no file \(image). Make the environment anew: atoll destroy, then atoll init"
                )
            }
            for layer in disk.backing where !isThere(layer.path) {
                let base = layer.path.split(separator: "/").last.map(String.init) ?? layer.path
                throw EnvironmentError(
                    .refused,
                    "the disk \(disk.device) of \(machine.name) is layered on \(layer.path), which is gone. Put that very file back; "
                        + "or make the environment anew: atoll destroy, then atoll init, which gets the template \(base) again")
            }
        }
    }

    private static func isThere(_ path: String) -> Bool { SystemCall.status(path) != nil && !SystemCall.isDirectory(path) }
}
