package import AtollHostPorts
package import AtollModel
import AtollPlatform

/// Files of domains on this host, checked before QEMU opens them.
package struct QEMUFiles: DomainFiles {
    package init() {}

    package func completingBackingChains(of machine: Machine, files: PrefixFiles) async throws -> Machine {
        try await Blocking.run { try DiskPresence.completed(machine, files) }
    }

    package func checkAccess(to machine: Machine, files: PrefixFiles, user: UInt32) async throws {
        try await Blocking.run { try DiskPresence.checkAccess(machine, files, uid: user) }
    }

    /// virtlogd renames a long log and creates the next one as root, which the caller could not read or append to.
    package func createConsoleLog(at path: String) async throws {
        try await Blocking.run {
            for old in [path, path + ".0", path + ".1", path + ".2"] { try Directories.removeTree(old) }
            try AtomicFile.write("", to: path, mode: 0o660)
            try ImageFiles.allowQEMU(path, write: true)
        }
    }
}
