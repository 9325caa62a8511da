import AtollModel
import Testing

@Suite struct IdentityPathsTests {
    /// Files by path and content; a path that ends in `/` is a directory, a content of nil a link.
    private struct Tree: GuestTree {
        var entries: [String: String?] = [:]

        func node(_ path: String) -> GuestNode? {
            if entries.keys.contains(where: { $0.hasPrefix(path + "/") }) { return .directory }
            guard let entry = entries[path] else { return nil }
            return entry.map { .file(size: Int64($0.utf8.count)) } ?? .other
        }
        func glob(_ pattern: String) -> [String] {
            let parts = pattern.split(separator: "/")
            let paths = entries.keys.map { $0.split(separator: "/").prefix(parts.count) }.filter { path in
                path.count == parts.count && zip(parts, path).allSatisfy { Self.matches($0, $1) }
            }
            return Set(paths.map { "/" + $0.joined(separator: "/") }).sorted()
        }
        func read(_ path: String) -> [UInt8] { Array(((entries[path] ?? "") ?? "").utf8) }

        private static func matches(_ pattern: Substring, _ name: Substring) -> Bool {
            let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
            return pieces.count == 1 ? pattern == name : name.hasPrefix(pieces[0]) && name.hasSuffix(pieces[pieces.count - 1])
        }
    }

    @Test(arguments: [
        "/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key.pub",
        "/etc/dropbear/dropbear_ed25519_host_key", "/var/lib/systemd/random-seed", "/var/lib/urandom/random-seed",
        "/boot/efi/loader/random-seed", "/var/lib/dhcp/dhclient.eth0.leases", "/var/lib/dhcpcd/duid", "/var/lib/NetworkManager/secret_key",
        "/var/lib/NetworkManager/internal-1-eth0.lease", "/var/lib/systemd/credential.secret", "/var/lib/cloud/instance/user-data.txt",
        "/var/lib/cloud/data/instance-id", "/var/lib/cloud/seed/nocloud/meta-data", "/var/lib/atoll/instance-id",
        "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostnqn", "/etc/udev/rules.d/70-persistent-net.rules", "/var/log/syslog",
        "/var/log/journal/0123/system.journal", "/var/lib/apt/lists/deb.debian.org_InRelease", "/var/cache/apt/pkgcache.bin",
        "/var/cache/apt/archives/x.deb", "/var/cache/dnf/x.solv", "/root/.bash_history", "/root/.ssh/known_hosts",
    ]) func everyIdentityIsFound(_ path: String) throws {
        let found = try IdentityPaths.remnants(in: Tree(entries: [path: "one VM's", "/etc/passwd": "root", "/etc/ssh/sshd_config": "x"]))
        #expect(found.count == 1)
        let holder = try #require(found.first).path
        #expect(path == holder || path.hasPrefix(holder + "/"))
    }

    @Test(
        arguments: [
            ("/etc/machine-id", ""), ("/etc/machine-id", "uninitialized\n"), ("/var/lib/dbus/machine-id", nil), ("/var/log/apt/", ""),
            ("/var/log/wtmp", ""), ("/var/cache/apt/archives/lock", ""), ("/etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n"),
            ("/etc/ssh/moduli", "x"), ("/var/lib/cloud/scripts/per-boot/x", "#!/bin/sh"),
        ] as [(String, String?)]) func whatNamesNoVMIsNone(_ path: String, _ content: String?) throws
    {
        #expect(try IdentityPaths.remnants(in: Tree(entries: [path: content])) == [])
    }

    @Test func theSummaryNamesFilesByKind() {
        let logs = (1...5).map { IdentityPaths.Remnant(path: "/var/log/\($0)", kind: .log) }
        #expect(
            IdentityPaths.summary(logs + [.init(path: "/etc/machine-id", kind: .machineID)])
                == "machine id ('/etc/machine-id'), log ('/var/log/1', '/var/log/2', '/var/log/3' and 2 more)")
    }

    @Test func theCommandRemovesEachPatternOnce() {
        let logs = ["a", "b"].map { IdentityPaths.Remnant(path: "/var/log/\($0)", pattern: "/var/log/*", kind: .log) }
        #expect(
            IdentityPaths.removalCommand([.init(path: "/etc/machine-id", kind: .machineID)] + logs)
                == "guestfish --rw -a IMAGE -i truncate /etc/machine-id : glob rm-rf '/var/log/*'")
    }

    /// systemd tells an emptied machine-id from a missing one.
    @Test func theBuildRemovesAllButTheMachineID() {
        #expect(Set(IdentityPaths.removedByBuild) == Set(IdentityPaths.entries.map(\.pattern)).subtracting([IdentityPaths.machineID]))
    }
}
