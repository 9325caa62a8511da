import AtollClaims
import AtollModel
import Glibc

/// Whether QEMU's user gets to templates and disks, from the root directory down.
enum PathCheck {
    static func findings(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) async -> [Finding] {
        guard let account = qemuAccount(facts) else {
            return [
                Finding(
                    "qemu-user", .failure, "QEMU's user", "there is no user that libvirt runs QEMU as (libvirt-qemu, qemu)",
                    remedy: remedies.install("libvirtd"))
            ]
        }
        let store = await finding("store-access", "the path to templates", subject.stateRoot.store, account, facts, remedies) { directory in
            facts.list(directory).filter(isTemplate).map { Wanted(path: directory + "/" + $0, rights: Permission.read) }
        }
        let images = await finding("image-access", "the path to disks", subject.stateRoot.images, account, facts, remedies) { directory in
            // Anything else down there was put by somebody and is nothing QEMU is sent to.
            facts.list(directory).filter { PrefixID($0) != nil }.flatMap { disks(of: directory + "/" + $0, facts) }
        }
        return [store, images]
    }

    /// A file or directory, and what QEMU has to be able to do with it.
    private struct Wanted {
        var path: String
        var rights: UInt8
    }

    private static func disks(of prefix: String, _ facts: HostFacts) -> [Wanted] {
        let files = facts.list(prefix).filter(isDisk)
        return [Wanted(path: prefix, rights: Permission.execute)]
            + files.map { Wanted(path: prefix + "/" + $0, rights: Permission.read | Permission.write) }
    }

    /// The user that system-mode QEMU runs as: qemu.conf's, where it may be read and says so, else the distribution's.
    static func qemuAccount(_ facts: HostFacts) -> Account? {
        let names = (facts.read("/etc/libvirt/qemu.conf").flatMap(configuredUser).map { [$0] } ?? []) + ["libvirt-qemu", "qemu"]
        return names.lazy.compactMap { facts.account($0) }.first
    }

    /// `user = "…"` of qemu.conf.
    static func configuredUser(_ text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !" \t\"+".contains($0) } }
            if parts.count == 2, parts[0] == "user", !parts[1].isEmpty { return String(parts[1]) }
        }
        return nil
    }

    private static func finding(
        _ id: String, _ title: String, _ directory: String, _ account: Account, _ facts: HostFacts, _ remedies: Remedies,
        files: (String) -> [Wanted]
    ) async -> Finding {
        let real = facts.realPath(directory)
        for path in ancestors(real) {
            guard let status = facts.status(path) else {
                // What is not there is the state root's finding; what may not be looked at is said here.
                let hidden = path != "/" && !facts.mayAccess(parent(path), X_OK)
                return hidden
                    ? Finding(
                        id, .warning, title, "\(facts.user.name) may not look into \(parent(path)), so nothing can be said about \(real)")
                    : Finding(id, .failure, title, "\(path) is not there: see the state root")
            }
            if await !permission(path, status, facts).allows(account, Permission.execute) {
                return Finding(
                    id, .failure, title, "QEMU runs as \(account.name), who may not pass through \(path)",
                    remedy: [remedies.root("setfacl -m u:\(account.name):x \(quoted(path))")])
            }
        }
        for file in files(real) {
            guard let status = facts.status(file.path) else { continue }
            if await !permission(file.path, status, facts).allows(account, file.rights) {
                let letters = [(Permission.read, "r"), (Permission.write, "w"), (Permission.execute, "x")]
                    .filter { file.rights & $0.0 != 0 }.map(\.1).joined()
                return Finding(
                    id, .failure, title, "QEMU runs as \(account.name), who has no \(letters) on \(file.path)",
                    remedy: [remedies.root("setfacl -m u:\(account.name):\(letters) \(quoted(file.path))")])
            }
        }
        return Finding(id, .ok, title, "\(account.name) gets to \(real)")
    }

    private static func permission(_ path: String, _ status: PathStatus, _ facts: HostFacts) async -> Permission {
        Permission(status, accessList: await facts.accessList(path))
    }

    /// `/`, `/var`, `/var/lib`, …, the path itself.
    static func ancestors(_ path: String) -> [String] {
        var result = ["/"]
        for part in path.split(separator: "/") { result.append((result.last == "/" ? "" : result.last ?? "") + "/" + part) }
        return result
    }

    private static func parent(_ path: String) -> String {
        let head = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        return head.isEmpty ? "/" : head
    }

    /// A template's image is named `repo:template:version`, what is written about it has a suffix.
    static func isTemplate(_ name: String) -> Bool {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 3, !name.hasPrefix(".") else { return false }
        return ![".hash", ".metadata", ".lock", ".json", ".tmp", ".partial", ".sha256", ".digest", ".digests", ".users"].contains {
            name.hasSuffix($0)
        }
    }

    private static func isDisk(_ name: String) -> Bool { [".qcow2", ".raw", ".img"].contains { name.hasSuffix($0) } }
}
