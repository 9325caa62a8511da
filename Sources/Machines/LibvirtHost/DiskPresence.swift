import AtollHostPorts
import AtollDiskImages
import AtollModel
import AtollPlatform
import Glibc

/// A look at a machine's disks before QEMU is asked to open them, because its own words for a missing or closed file help nobody.
enum DiskPresence {
    /// The machine with every layer under every disk, to the end: what was saved names the first ones only, or none in a prefix that
    /// Lago made, and libvirt opens no layer that it is not told of.
    /// - Throws: `.refused`, naming the file that is gone or of no use, and what to do.
    static func completed(_ machine: Machine, _ files: PrefixFiles) throws -> Machine {
        var machine = machine
        machine.disks = try machine.disks.map { disk in
            let image = files.resolved(disk.path)
            guard isThere(image) else {
                throw EnvironmentError(
                    .refused,
                    "the disk \(disk.device) of \(machine.name) is gone: there is no file \(image). Make the environment anew: atoll destroy, then atoll init"
                )
            }
            for layer in disk.backing where !isThere(layer.path) { throw missing(layer.path, disk, machine) }
            var disk = disk
            let last = disk.backing.last ?? Disk.Layer(path: image, format: disk.format)
            do { disk.backing += try ImageHeader.layers(under: last.path, format: last.format) } catch let error as DiskImageError {
                if let file = error.file { throw missing(file, disk, machine) }
                throw EnvironmentError(.refused, "the disk \(disk.device) of \(machine.name) cannot be used: \(error)")
            }
            return disk
        }
        return machine
    }

    /// Whether QEMU's user gets to every file, by path and by right. Files that we make are opened to it when they are made; a file that
    /// the user keeps somewhere is theirs to open, so the commands are only said.
    /// - Parameter machine: as `completed` returns it.
    /// - Throws: `.refused` with one setfacl command per file or directory that is closed.
    static func checkAccess(_ machine: Machine, _ files: PrefixFiles, uid: uid_t) throws {
        for disk in machine.disks {
            let image = Disk.Layer(path: files.resolved(disk.path), format: disk.format)
            var commands: [String] = []
            for (position, layer) in ([image] + disk.backing).enumerated() {
                let rights: AccessControl.Rights = position == 0 && layer.format != .iso ? [.read, .write] : .read
                for command in Self.commands(for: layer.path, rights, uid) where !commands.contains(command) { commands.append(command) }
            }
            guard !commands.isEmpty else { continue }
            let user = AccessControl.userName(uid)
            throw EnvironmentError(
                .refused,
                "QEMU runs as \(user), who may not use the disk \(disk.device) of \(machine.name), \(image.path), or a file under it. "
                    + "Let it, with: " + commands.joined(separator: "; "))
        }
    }

    private static func commands(for path: String, _ rights: AccessControl.Rights, _ uid: uid_t) -> [String] {
        let real = Directories.real(path)
        var place = ""
        var found: [String] = []
        for part in real.split(separator: "/").dropLast() {
            place += "/" + part
            if AccessControl.allows(.execute, on: place, uid: uid) == false { found.append(command(place, "x", uid)) }
        }
        if AccessControl.allows(rights, on: real, uid: uid) == false {
            found.append(command(real, rights.contains(.write) ? "rw" : "r", uid))
        }
        return found
    }

    private static func command(_ path: String, _ letters: String, _ uid: uid_t) -> String {
        let caller = geteuid()
        let isOurs = caller == 0 || SystemCall.status(path)?.st_uid == caller
        let plain = path.utf8.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || "0123456789/._-+:,@%".utf8.contains($0) }
        let quoted = plain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
        return (isOurs ? "" : "sudo ") + "setfacl -m u:\(AccessControl.userName(uid)):\(letters) \(quoted)"
    }

    private static func missing(_ path: String, _ disk: Disk, _ machine: Machine) -> EnvironmentError {
        let base = path.split(separator: "/").last.map(String.init) ?? path
        return EnvironmentError(
            .refused,
            "the disk \(disk.device) of \(machine.name) is layered on \(path), which is gone. Put that very file back; "
                + "or make the environment anew: atoll destroy, then atoll init, which gets the template \(base) again")
    }

    private static func isThere(_ path: String) -> Bool { SystemCall.status(path) != nil && !SystemCall.isDirectory(path) }
}
