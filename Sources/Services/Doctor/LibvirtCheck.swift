import Glibc

/// libvirt: its socket, the right to use it, whether it answers, and the log daemon without which no domain starts.
enum LibvirtCheck {
    static let sockets = ["/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"]
    static let logSocket = "/run/libvirt/virtlogd-sock"

    /// The findings, and what libvirt said when it was asked: nobody need ask it again.
    static func look(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) async -> (findings: [Finding], answer: LibvirtAnswer?) {
        let isSystem = subject.libvirtURI == "qemu:///system"
        let sockets = isSystem ? [socketFinding(facts, remedies), logFinding(facts, remedies)] : []
        if sockets.first.map({ $0.severity != .ok }) ?? false {
            return (sockets + [Finding("libvirt-answers", .failure, "libvirt", "not asked: its socket comes first")], nil)
        }
        let answer = await facts.askLibvirt(subject.libvirtURI, subject.libvirtPatience)
        return (sockets + [finding(answer, subject, facts, remedies)], answer)
    }

    static func start(_ facts: HostFacts, _ remedies: Remedies) -> [String] {
        if remedies.hasSystemd { return [remedies.root("systemctl enable --now virtlogd.socket virtlockd.socket libvirtd.socket")] }
        // A second virtlogd would only say that there is one.
        return (facts.status(logSocket) == nil ? [remedies.root("virtlogd -d")] : []) + [remedies.root("libvirtd -d")]
    }

    static func socketFinding(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "libvirt-socket", title = "libvirt's socket"
        guard let path = sockets.first(where: { facts.status($0) != nil }), let status = facts.status(path) else {
            guard facts.program("libvirtd") != nil || facts.program("virtqemud") != nil else {
                return Finding(
                    id, .failure, title, "libvirt is not installed", remedy: remedies.install("libvirtd") + start(facts, remedies))
            }
            return Finding(id, .failure, title, "\(sockets[1]) is not there: libvirt does not run", remedy: start(facts, remedies))
        }
        guard facts.mayAccess(path, R_OK | W_OK) else {
            let group = facts.groupID("libvirt").map { status.group == $0 } == true ? "libvirt" : nil
            let why = "\(facts.user.name) may not use \(path) (mode \(String(status.mode, radix: 8)))"
            guard let group else {
                return Finding(id, .failure, title, why + ": its group is not libvirt", remedy: restart(remedies))
            }
            return Finding(id, .failure, title, "\(why) for members of group \(group)", remedy: join(facts, remedies))
        }
        return Finding(id, .ok, title, "\(facts.user.name) may use \(path)")
    }

    /// Group membership counts from the next login on; `newgrp` is such a login.
    static func join(_ facts: HostFacts, _ remedies: Remedies) -> [String] {
        [remedies.root("usermod -aG libvirt \(facts.user.name)"), "newgrp libvirt"]
    }

    static func restart(_ remedies: Remedies) -> [String] {
        remedies.hasSystemd
            ? [remedies.root("systemctl restart libvirtd.socket libvirtd.service")]
            : [kill(remedies), remedies.root("libvirtd -d")]
    }

    /// Without a choice, because a daemon that hangs heeds nothing else; its guests go on, and the next one finds them again.
    private static func kill(_ remedies: Remedies) -> String { remedies.root("kill -KILL $(cat /run/libvirtd.pid)") }

    /// Without D-Bus there is no polkit, which libvirtd asks unless told that the socket's group decides.
    private static func groupDecides(_ remedies: Remedies) -> [String] {
        let file = "/run/libvirt/group.conf"
        let settings = #"'unix_sock_group = "libvirt"' 'unix_sock_rw_perms = "0770"' 'auth_unix_rw = "none"'"#
        return [
            "printf '%s\\n' \(settings) | " + remedies.root("tee \(file)"), kill(remedies), remedies.root("libvirtd -d -f \(file)"),
        ]
    }

    static func logFinding(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "virtlogd", title = "libvirt's log daemon"
        guard facts.status(logSocket) != nil else {
            let command = remedies.hasSystemd ? "systemctl enable --now virtlogd.socket" : "virtlogd -d"
            return Finding(
                id, .failure, title, "\(logSocket) is not there: no domain starts without virtlogd", remedy: [remedies.root(command)])
        }
        return Finding(id, .ok, title, "it listens at \(logSocket)")
    }

    static func finding(_ answer: LibvirtAnswer?, _ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "libvirt-answers", title = "libvirt", uri = subject.libvirtURI
        switch answer {
        case .versions(let libvirt, let hypervisor, _):
            return Finding(id, .ok, title, "libvirt \(libvirt) answers at \(uri), with QEMU \(hypervisor)")
        case .refused(let why):
            let isMember = facts.groupID("libvirt").map(facts.user.groups.contains) ?? false
            return Finding(
                id, .failure, title, "\(uri) refuses \(facts.user.name): \(why)",
                remedy: isMember && !facts.hasSystemd && uri == "qemu:///system" ? groupDecides(remedies) : join(facts, remedies))
        case .failed(let why) where why.contains("system bus") && !facts.hasSystemd && uri == "qemu:///system":
            return Finding(
                id, .failure, title, "libvirt cannot ask polkit about \(facts.user.name), because no D-Bus runs here: \(why)",
                remedy: groupDecides(remedies))
        case .failed(let why):
            return Finding(
                id, .failure, title, "\(uri) does not answer: \(why)", remedy: uri == "qemu:///system" ? start(facts, remedies) : [])
        case nil:
            return Finding(
                id, .failure, title, "\(uri) took the connection but did not answer within \(subject.libvirtPatience)",
                remedy: uri == "qemu:///system" ? restart(remedies) : [])
        }
    }
}
