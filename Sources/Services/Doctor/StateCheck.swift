import AtollClaims
import Glibc

/// The shared directories: the state root with what is below it, and the subnet leases.
enum StateCheck {
    static func findings(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> [Finding] {
        [stateRoot(subject.stateRoot, facts, remedies), leases(subject.leaseDirectory, facts, remedies)]
    }

    static func stateRoot(_ root: StateRoot, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "state-root", title = "the state root"
        let directories = [root.path, root.store, root.repos, root.images, root.prefixes]
        let make = ["install -d -m 2770 -g libvirt " + directories.map(quoted).joined(separator: " ")] + entry(directories, facts)
        // A root that may not be entered hides what is below it: it is judged alone then.
        let visible = facts.status(root.path) != nil && !facts.mayAccess(root.path, X_OK) ? [root.path] : directories
        let missing = visible.filter { facts.status($0) == nil }
        guard missing.isEmpty else {
            return Finding(
                id, .failure, title, "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not there",
                remedy: make.map(remedies.root))
        }
        if let closed = visible.first(where: { !facts.mayAccess($0, R_OK | W_OK | X_OK) }) {
            let isShared = facts.status(closed).map { $0.group == facts.groupID("libvirt") && $0.mode & 0o070 == 0o070 } ?? false
            return Finding(
                id, .failure, title, "\(facts.user.name) may not use \(closed)\(isShared ? ", which is for members of group libvirt" : "")",
                remedy: isShared ? LibvirtCheck.join(facts, remedies) : share(directories, facts).map(remedies.root))
        }
        // A root that somebody keeps for himself (ATOLL_STATE) need not be shared, but nobody else shall see inside either.
        let mine = root.path != StateRoot.defaultPath && facts.status(root.path)?.owner == facts.user.id
        for path in directories {
            guard let status = facts.status(path) else { continue }
            if status.mode & 0o007 != 0 {
                return Finding(
                    id, .warning, title,
                    "everybody may look into \(path) (mode \(String(status.mode, radix: 8))): templates and disks may hold secrets",
                    remedy: share(directories, facts).map(remedies.root))
            }
            if !mine, status.group != facts.groupID("libvirt") || status.mode & 0o2070 != 0o2070 {
                return Finding(
                    id, .warning, title,
                    "\(path) is not shared with group libvirt (group \(status.group), mode \(String(status.mode, radix: 8)); 2770 is right)",
                    remedy: share(directories, facts).map(remedies.root))
            }
        }
        return Finding(id, .ok, title, "\(root.path) is there\(mine ? ", for \(facts.user.name)" : ", for group libvirt")")
    }

    static func leases(_ directory: String, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "lease-directory", title = "the subnet leases"
        guard let status = facts.status(directory) else {
            return Finding(
                id, .failure, title, "\(directory) is not there",
                remedy: [remedies.root("install -d -m 2775 -g libvirt \(quoted(directory))")])
        }
        guard facts.mayAccess(directory, R_OK | W_OK | X_OK) else {
            let isShared = status.group == facts.groupID("libvirt") && status.mode & 0o070 == 0o070
            return Finding(
                id, .failure, title,
                "\(facts.user.name) may not write \(directory)\(isShared ? ", which is for members of group libvirt" : "")",
                remedy: isShared
                    ? LibvirtCheck.join(facts, remedies)
                    : [remedies.root("chgrp libvirt \(quoted(directory))"), remedies.root("chmod 2775 \(quoted(directory))")])
        }
        return Finding(id, .ok, title, "\(directory) is writable")
    }

    /// Group, mode, then the entry for QEMU's user: changing the mode sets the mask, so that order matters.
    private static func share(_ directories: [String], _ facts: HostFacts) -> [String] {
        let list = directories.map(quoted).joined(separator: " ")
        return ["chgrp libvirt " + list, "chmod 2770 " + list] + entry(directories, facts)
    }

    private static func entry(_ directories: [String], _ facts: HostFacts) -> [String] {
        guard let user = PathCheck.qemuAccount(facts) else { return [] }
        return ["setfacl -m u:\(user.name):x " + directories.map(quoted).joined(separator: " ")]
    }
}

/// A path as a shell takes it.
func quoted(_ path: String) -> String {
    let plain = path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"): true
        default: false
        }
    }
    return plain && !path.isEmpty ? path : "'" + path.replacing("'", with: "'\\''") + "'"
}
